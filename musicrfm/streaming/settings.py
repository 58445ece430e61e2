"""The settings of a stream: sampling, guidance and prompts, with their checks."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from musicrfm.errors import MusicRFMError, whole_number
from musicrfm.model import MusicModel
from musicrfm.runtime.defaults import KEPT_PART
from musicrfm.runtime.playable import PromptStates
from musicrfm.streaming.prompts import blend, checked_weights, coarse

KEEP_SECONDS = 10.0
PROMPTS_KEPT = 16  # encoded prompts, in case they are used again
STEER_GUIDANCE = ("both", "conditional")


@dataclass(frozen=True)
class Settings:
    """The settings of a frame, see `MusicStream`; valid and immutable."""

    prompt: PromptStates
    guidance_scale: float
    temperature: float
    top_k: int
    steer_guidance: str

    @property
    def guided(self) -> bool:
        """Whether the decoder also computes the half that reads no prompt."""
        return self.guidance_scale != 1.0 and not self.prompt.unconditional


class Prompts:
    """Encodes prompts for a model; for use by any thread."""

    def __init__(self, model: MusicModel) -> None:
        self._model = model
        self._encoded: dict[str, PromptStates] = {}
        self._blended: tuple[list[tuple[str, float]], PromptStates] | None = None

    def encoded(self, text: str) -> PromptStates:
        """The states of one prompt; the latest ones are cached.

        Raises MusicRFMError if the prompt cannot be encoded.
        """
        known = self._encoded.get(text) if isinstance(text, str) else None
        states = known or self._model.encode_prompt(text)
        others = [item for item in self._encoded.items() if item[0] != text]
        self._encoded = dict([*others[1 - PROMPTS_KEPT :], (text, states)])
        return states

    def blended(self, weights: Mapping[str, float]) -> PromptStates:
        """Several prompts as one, see `MusicStream.set_prompts`."""
        shares = checked_weights(weights)
        if self._model.lead:
            shares = coarse(shares)
        if len(shares) == 1:
            return self.encoded(*shares)
        latest = self._blended
        if latest is None or latest[0] != list(shares.items()):
            parts = [self.encoded(text) for text in shares]
            latest = (list(shares.items()), blend(parts, list(shares.values())))
            self._blended = latest
        return latest[1]


class LiveSettings:
    """The settings of a stream, which any thread may read and change.

    A change takes effect with the next frame. `MusicStream` has the ranges; a value outside raises
    MusicRFMError.
    """

    def __init__(
        self,
        model: MusicModel,
        prompt: str,
        guidance_scale: float | None,
        temperature: float | None,
        top_k: int | None,
        steer_guidance: str,
    ) -> None:
        """Values of None are replaced by the model's defaults."""
        self.model = model
        usual, self._prompts = model.sampling, Prompts(model)
        self._settings = Settings(
            self._prompts.encoded(prompt),
            checked_number("guidance_scale", _or(usual.guidance_scale, guidance_scale)),
            checked_number("temperature", _or(usual.temperature, temperature)),
            whole_number("top_k", _or(usual.top_k, top_k), 0),
            checked_steer_guidance(steer_guidance),
        )
        self._setting = threading.Lock()

    @property
    def guidance_scale(self) -> float:
        return self._settings.guidance_scale

    @guidance_scale.setter
    def guidance_scale(self, value: float) -> None:
        self._set(guidance_scale=checked_number("guidance_scale", value))

    @property
    def temperature(self) -> float:
        return self._settings.temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._set(temperature=checked_number("temperature", value))

    @property
    def top_k(self) -> int:
        return self._settings.top_k

    @top_k.setter
    def top_k(self, value: int) -> None:
        self._set(top_k=whole_number("top_k", value, 0))

    @property
    def steer_guidance(self) -> str:
        return self._settings.steer_guidance

    @steer_guidance.setter
    def steer_guidance(self, halves: str) -> None:
        self._set(steer_guidance=checked_steer_guidance(halves))

    @property
    def prompt(self) -> str:
        """The prompt; for a blend, each text with its weight."""
        return self._settings.prompt.text

    def set_prompt(self, text: str) -> None:
        """Set the prompt, from the next frame on; "" plays without a prompt."""
        self._set(prompt=self._prompts.encoded(text))

    def set_prompts(self, weights: Mapping[str, float]) -> None:
        """Blend several prompts by their weights, from the next frame on.

        Weights are numbers of at least 0, and only their proportions matter. A single prompt with a
        weight above 0 is the same as `set_prompt`. Weights may change in every frame; melody models
        round them to tenths, because they prefill their window again for each blend. Raises
        MusicRFMError if all weights are 0, or one is not a number of at least 0.
        """
        self._set(prompt=self._prompts.blended(weights))

    def encoded(self, text: str) -> PromptStates:
        """The states of a prompt, as the decoder reads them; the latest ones are cached.

        Raises MusicRFMError if the prompt cannot be encoded.
        """
        return self._prompts.encoded(text)

    def _set(self, **changes: Any) -> None:
        with self._setting:
            self._settings = replace(self._settings, **changes)


def _or(usual: Any, given: Any) -> Any:
    return usual if given is None else given


def checked_steer_guidance(halves: str) -> str:
    """The same text if it is `both` or `conditional`; raises MusicRFMError for anything else."""
    if halves not in STEER_GUIDANCE:
        raise MusicRFMError(f"steer_guidance must be both or conditional, not {halves!r}")
    return halves


def window_and_keep(
    model: MusicModel,
    delay: int,
    window_seconds: float | None = None,
    keep_seconds: float | None = None,
) -> tuple[int, int]:
    """(positions of the decoder's window, number of them that the next window begins with).

    By default the next window begins with the last ten seconds, at most half of a window of the
    model's length, or a third of a shorter one: reading it again takes time.

    Raises MusicRFMError if a value is not a number of at least 0, or the window is too short.
    """
    window, keep = model.window, round(KEEP_SECONDS * model.frame_rate)
    if window_seconds is not None:
        asked = round(checked_number("window_seconds", window_seconds) * model.frame_rate)
        if asked < window:
            window, keep = asked, min(keep, asked // KEPT_PART)
    if keep_seconds is not None:
        keep = round(checked_number("keep_seconds", keep_seconds) * model.frame_rate)
    shortest = 2 * (delay + 1)
    if window < shortest:
        raise MusicRFMError(
            f"window_seconds {window_seconds!r} is too short: "
            f"the decoder needs at least {shortest / model.frame_rate:g} s"
        )
    return window, min(max(keep, delay + 1), window // 2)


def checked_number(name: str, value: float) -> float:
    """The value as a finite number of at least 0; raises MusicRFMError for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0.0):
        raise MusicRFMError(f"{name} must be a number of at least 0, not {value!r}")
    return number
