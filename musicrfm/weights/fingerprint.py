"""A short name for a model's weights, the same in every precision and on every device."""

from __future__ import annotations

import hashlib

import numpy as np
from torch import nn

SAMPLED = 2**14  # values of each tensor, evenly spaced
# Computed from the configuration, or left over from training: they make no difference to the sound.
_DERIVED = ("embed_positions.weights", "codebook.cluster_size", "codebook.embed_avg")


def fingerprint(module: nn.Module) -> str:
    """24 hexadecimal digits for the weights of a model (`model.hf`) or a part (`model.hf.decoder`).

    Hashes the name, the shape and the signs of about `SAMPLED` values of every tensor. Rounding to
    16 bits never changes a sign, so a checkpoint has one fingerprint whatever precision it is saved
    and loaded in. Training changes thousands of signs. A change that keeps every sign, such as
    doubling a matrix, is not detected.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if name.endswith(_DERIVED):
            continue
        flat = tensor.detach().reshape(-1)
        signs = flat[:: max(1, flat.numel() // SAMPLED)].signbit().cpu().numpy()
        digest.update(f"{name} {list(tensor.shape)}".encode())
        digest.update(np.packbits(signs).tobytes())
    return digest.hexdigest()[:24]
