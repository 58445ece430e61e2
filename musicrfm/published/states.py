"""Hidden states as the published code computes them: of plain codes, keyed by layers from the end.

Unlike `MusicModel.hidden_states`, there is no delay pattern and no start code. Layer -1 is the
decoder's output after its final norm; -k is the output of the k-th block from the end.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import torch
import transformers
from torch import Tensor, nn

from musicrfm.errors import MusicRFMError
from musicrfm.progress import Progress

POOLINGS = (None, "mean", "max", "meanstd")

log = logging.getLogger(__name__)


def get_hidden_states_music(
    prompts: Tensor | Sequence[Tensor] | dict[int, Tensor],
    model: transformers.PreTrainedModel,
    processor: object,
    hidden_layers: Iterable[int],
    forward_batch_size: int,
    pooling: str | None = None,
    rep_token: int = -1,
    all_positions: bool = False,
) -> dict[int, Tensor]:
    """float32 [pieces, width] of each layer; [pieces, frames, width] with `all_positions`.

    prompts: codes [pieces, 1, codebooks, frames], or a list of such to put together; states by
    layer are handed back as they are. model: the `decoder` of a MusicGen. pooling: "mean", "max" or
    "meanstd" (twice the width) over the frames; without it, frame `rep_token` alone. Layers that
    the model does not have are left out.
    """
    if isinstance(prompts, dict):
        return prompts
    if pooling not in POOLINGS:
        raise MusicRFMError(f"pooling {pooling!r} is not one of mean, max, meanstd and None")
    codes = prompts if isinstance(prompts, Tensor) else torch.cat(list(prompts))
    stack = model.model.decoder
    layers = known_layers(hidden_layers, len(stack.layers))
    found: dict[int, list[Tensor]] = {layer: [] for layer in layers}

    def keep_of(layer: int):
        def keep(module: nn.Module, args: object, output: Tensor | tuple) -> None:
            states = (output[0] if isinstance(output, tuple) else output).float()
            if pooling == "mean":
                states = states.mean(1)
            elif pooling == "max":
                states = states.amax(1)
            elif pooling == "meanstd":
                states = torch.cat([states.mean(1), states.std(1, unbiased=False)], -1)
            elif not all_positions:
                states = states[:, rep_token]
            found[layer].append(states.cpu())

        return keep

    device = stack.layers[0].fc1.weight.device
    watched = {layer: stack.layer_norm if layer == -1 else stack.layers[layer] for layer in layers}
    hooks = [m.register_forward_hook(keep_of(layer)) for layer, m in watched.items()]
    progress = Progress("hidden states", len(codes), "pieces")
    try:
        with torch.no_grad():
            for first in range(0, len(codes), forward_batch_size):
                some = codes[first : first + forward_batch_size].to(device)
                model(input_ids=some.flatten(0, -2), use_cache=False)
                progress(min(len(codes), first + forward_batch_size))
    finally:
        for hook in hooks:
            hook.remove()
    return {layer: torch.cat(states) for layer, states in found.items()}


def known_layers(layers: Iterable[int], depth: int) -> list[int]:
    """The given layers that a decoder of `depth` blocks has; logs how many are ignored."""
    wanted = list(layers)
    known = [layer for layer in wanted if -depth <= layer < 0]
    if not known:
        raise MusicRFMError(f"none of the layers {wanted} is one of -1 to -{depth}")
    if len(known) < len(wanted):
        left_out = len(wanted) - len(known)
        log.warning("the model has %d layers: %d more are ignored", depth, left_out)
    return known
