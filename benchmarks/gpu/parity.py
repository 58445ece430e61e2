"""Compares our steps with `transformers` on small random models, position by position."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from musicrfm.model import MusicModel
from musicrfm.runtime.defaults import DEFAULT_PROMPT
from musicrfm.runtime.sampling import guide
from musicrfm.selfcheck import divergence, told
from tests.checkpoints import make_checkpoint

SHAPES: dict[str, dict[str, Any]] = {
    "mono": {"layers": 3, "width": 64, "heads": 4},
    "stereo": {"layers": 2, "width": 64, "heads": 4, "stereo": True},
    "one head": {"layers": 2, "width": 32, "heads": 1},
}
PRECISIONS = {"float32": 1e-6, "bfloat16": 1e-2, "float16": 1e-3}  # most divergence, nats a code
FRAMES = 40


def compare(device: torch.device, quick: bool) -> dict[str, Any]:
    rows, wrong = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for name, shape in list(SHAPES.items())[: 1 if quick else None]:
            folder = make_checkpoint(Path(scratch) / name, **shape)
            exact = MusicModel.load(folder, device="cpu", dtype="float32")
            generator = torch.Generator().manual_seed(0)
            codes = torch.randint(exact.codes, (exact.codebooks, FRAMES), generator=generator)
            expected = by_transformers(exact, codes)
            for dtype, most in PRECISIONS.items():
                model = MusicModel.load(folder, device=device, dtype=dtype)
                nats = divergence(expected, told(model, False, codes))
                rows.append({"shape": name, "dtype": dtype, "nats": nats})
                if not nats <= most:
                    wrong.append(f"{name} in {dtype} differs from transformers by {nats:.3g} nats")
    return {"rows": rows, "disagrees": wrong}


@torch.inference_mode()
def by_transformers(model: MusicModel, codes: Tensor) -> Tensor:
    """Guided logits [frames, codebooks, codes] of `transformers`, for the whole piece at once."""
    states = model.encode_prompt(DEFAULT_PROMPT).states
    inputs = model.delay(codes[None])[0, :, : codes.shape[1]]
    both = []
    for prompt in (states, torch.zeros_like(states)):
        logits = model.hf.decoder(input_ids=inputs, encoder_hidden_states=prompt).logits
        both.append(logits.reshape(model.codebooks, codes.shape[1], -1)[..., : model.codes])
    guided = guide(torch.stack(both).flatten(1, 2), model.sampling.guidance_scale)
    return guided.reshape(model.codebooks, codes.shape[1], -1).transpose(0, 1)
