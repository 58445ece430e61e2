"""A short name for a model's weights, the same in every precision and on every device."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

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
    return fingerprint_of({name: signs(tensor) for name, tensor in module.state_dict().items()})


def signs(tensor: Tensor) -> bytes:
    """What a fingerprint takes from a tensor: its shape, and some of its signs."""
    flat = tensor.detach().reshape(-1)
    some = flat[:: max(1, flat.numel() // SAMPLED)].signbit().cpu().numpy()
    return f"{list(tensor.shape)}".encode() + np.packbits(some).tobytes()


def fingerprint_of(found: Mapping[str, bytes]) -> str:
    """As `fingerprint`, from the `signs` of a module's tensors by name."""
    digest = hashlib.sha256()
    for name, part in sorted(found.items()):
        if not name.endswith(_DERIVED):
            digest.update(f"{name} ".encode() + part)
    return digest.hexdigest()[:24]
