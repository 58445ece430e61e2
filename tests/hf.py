"""Hugging Face's own generation, the reference for ours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from musicrfm.model import MusicModel


@torch.no_grad()
def generate(
    model: MusicModel,
    prompt: str,
    frames: int,
    guidance_scale: float = 3.0,
    offsets: Sequence[Tensor] | None = None,
    *,
    conditional_only: bool = False,
    keep_norm: bool = False,
) -> np.ndarray:
    """Greedy generation of so many frames, float32 [samples, channels].

    With `offsets`, forward hooks add offsets[n][layer] to the output of each layer at step n, as
    the published MusicRFM code means to. conditional_only: to the first row, which reads the
    prompt. keep_norm: and scale what comes out to the norm it had.
    """
    if prompt:
        tokens = model.tokenizer([prompt], return_tensors="pt")
        inputs = {key: tokens[key] for key in ("input_ids", "attention_mask")}
    else:
        nothing = model.hf.get_unconditional_inputs(1)
        inputs = {key: nothing[key] for key in ("encoder_outputs", "attention_mask")}
        guidance_scale = 1.0
    decoder = model.hf.decoder.model.decoder
    position = [0]  # calls cannot be counted: some versions read the first position twice

    def note_position(module: torch.nn.Module, args: tuple) -> None:
        position[0] = args[1]

    def hook_of(layer: int):
        def push(hidden: Tensor) -> Tensor:
            added = offsets[position[0]][layer].expand_as(hidden).clone()
            if conditional_only:
                added[1:] = 0.0
            pushed = hidden + added
            if keep_norm:
                pushed = pushed * (hidden.norm(dim=-1) / pushed.norm(dim=-1))[..., None]
            return pushed

        def add(module: torch.nn.Module, args: object, output: Tensor | tuple):
            if isinstance(output, tuple):
                return (push(output[0]), *output[1:])
            return push(output)

        return add

    hooks = []
    if offsets is not None:
        hooks = [block.register_forward_hook(hook_of(i)) for i, block in enumerate(decoder.layers)]
        hooks.append(decoder.embed_positions.register_forward_pre_hook(note_position))
    try:
        audio = model.hf.generate(
            **inputs,
            do_sample=False,
            guidance_scale=guidance_scale,
            max_length=frames + max(model.delays) + 1,
        )
    finally:
        for hook in hooks:
            hook.remove()
    return audio[0].T.numpy()
