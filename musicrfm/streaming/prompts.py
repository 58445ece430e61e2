"""Blends several prompts, each with a weight, so that one can fade into another.

The decoder's cross-attention reads the tokens of all prompts, and its attention to each prompt is
multiplied by that prompt's weight over its length. A blend is therefore one attention operation:
weights may change in every frame without a new prefill, and a single prompt gives the same result
as without blending.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce

import torch
import torch.nn.functional as F

from musicrfm.errors import MusicRFMError
from musicrfm.runtime.playable import PromptStates

STEPS = 10  # of a weight, for models that prefill the window again for each blend


def checked_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """The prompts with weights scaled to a sum of 1, without those of weight 0.

    Raises MusicRFMError for weights that are not numbers of at least 0, or are all 0.
    """
    if not isinstance(weights, Mapping):
        raise MusicRFMError(f"prompts must be texts with weights, not {weights!r}")
    kept = {}
    for text, weight in weights.items():
        try:
            number = float(weight)
        except (TypeError, ValueError):
            number = math.nan
        if not (math.isfinite(number) and number >= 0.0):
            raise MusicRFMError(
                f"the weight of prompt {text!r} must be a number of at least 0, not {weight!r}"
            )
        if number:
            kept[text] = number
    if not kept:
        raise MusicRFMError("all prompts have weight 0: raise one of them")
    total = math.fsum(kept.values())
    return {text: weight / total for text, weight in kept.items()}


def blend(parts: Sequence[PromptStates], weights: Sequence[float]) -> PromptStates:
    """Several prompts of one model as one. weights: all above 0, with the sum 1."""
    text = ", ".join(f"{w:.2f} {p.text!r}" for p, w in zip(parts, weights, strict=True))
    if all(part.unconditional for part in parts):
        return parts[0]
    if parts[0].lead is not None:
        return _blend_leads(text, parts, weights)
    states = torch.cat([part.states for part in parts], 1)
    bias = [
        math.log(weight / part.states.shape[1])
        for part, weight in zip(parts, weights, strict=True)
        for _ in range(part.states.shape[1])
    ]
    added = torch.tensor(bias, dtype=states.dtype).to(states.device)
    return PromptStates(text, states, None, tuple(parts), added.view(1, 1, 1, -1))


def _blend_leads(
    text: str, parts: Sequence[PromptStates], weights: Sequence[float]
) -> PromptStates:
    """For melody models: the positions before the music, as a weighted mean over the prompts."""
    leads = [part.lead for part in parts if part.lead is not None]
    longest = max(lead.shape[1] for lead in leads)
    first, *others = (
        weight * F.pad(lead, (0, 0, 0, longest - lead.shape[1]))
        for lead, weight in zip(leads, weights, strict=True)
    )
    lead = reduce(torch.add, others, first)
    return PromptStates(text, parts[0].states, lead)


def coarse(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights in tenths, for models that prefill the whole window again for each blend."""
    rounded = {text: round(weight * STEPS) / STEPS for text, weight in weights.items()}
    kept = {text: weight for text, weight in rounded.items() if weight}
    return checked_weights(kept or {max(weights, key=weights.__getitem__): 1.0})
