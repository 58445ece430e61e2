"""How a stream is played: the settings of its next frame, its prompts, and their checks."""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.runtime.playable import PromptStates
from musicrfm.streaming.prompts import blend, checked_weights, coarse

KEEP_SECONDS = 10.0
PROMPTS_KEPT = 16  # encoded, in case they are played again
STEER_GUIDANCE = ("both", "conditional")


@dataclass(frozen=True)
class Settings:
    """What a frame is made with, see `MusicStream`; checked, and replaced whole."""

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
    """Prompts of one model as its decoder reads them; for any thread."""

    def __init__(self, model: MusicModel) -> None:
        self._model = model
        self._encoded: dict[str, PromptStates] = {}
        self._blended: tuple[list[tuple[str, float]], PromptStates] | None = None

    def encoded(self, text: str) -> PromptStates:
        """One prompt; the latest ones are kept, so that none costs twice.

        Raises MusicRFMError if it cannot be encoded.
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
    """The settings of a stream; any thread may read and change them, and they count from the next
    frame on. See `MusicStream` for their ranges; a value that cannot be used raises MusicRFMError.
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
        """None: the model's own."""
        self.model = model
        usual, self._prompts = model.sampling, Prompts(model)
        self._settings = Settings(
            self._prompts.encoded(prompt),
            checked_number("guidance_scale", _or(usual.guidance_scale, guidance_scale)),
            checked_number("temperature", _or(usual.temperature, temperature)),
            checked_whole("top_k", _or(usual.top_k, top_k), 0),
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
        self._set(top_k=checked_whole("top_k", value, 0))

    @property
    def steer_guidance(self) -> str:
        return self._settings.steer_guidance

    @steer_guidance.setter
    def steer_guidance(self, halves: str) -> None:
        self._set(steer_guidance=checked_steer_guidance(halves))

    @property
    def prompt(self) -> str:
        """What is played, in words; of a blend, each text with its share."""
        return self._settings.prompt.text

    def set_prompt(self, text: str) -> None:
        """What is played from the next frame on; "" plays without a prompt."""
        self._set(prompt=self._prompts.encoded(text))

    def set_prompts(self, weights: Mapping[str, float]) -> None:
        """Plays several prompts at once from the next frame on, each as strongly as its weight.

        Weights are numbers of at least 0, and only their proportions count. A prompt that is alone
        with a weight is played exactly as `set_prompt` plays it. Weights may change every frame; a
        melody model takes them in tenths, as it reads its window again each time. Raises
        MusicRFMError if no prompt has a weight, or a weight cannot be used.
        """
        self._set(prompt=self._prompts.blended(weights))

    def encoded(self, text: str) -> PromptStates:
        """A prompt as the decoder reads it; the latest ones are kept, so that none costs twice.

        Raises MusicRFMError if it cannot be encoded.
        """
        return self._prompts.encoded(text)

    def _set(self, **changes: Any) -> None:
        with self._setting:
            self._settings = replace(self._settings, **changes)


def _or(usual: Any, given: Any) -> Any:
    return usual if given is None else given


def checked_steer_guidance(halves: str) -> str:
    """`both` or `conditional`. Raises MusicRFMError for anything else."""
    if halves not in STEER_GUIDANCE:
        raise MusicRFMError(f"steer_guidance must be both or conditional, not {halves!r}")
    return halves


def window_and_keep(
    model: MusicModel,
    delay: int,
    window_seconds: float | None = None,
    keep_seconds: float | None = None,
) -> tuple[int, int]:
    """Positions of the decoder's window, and how many are kept when it is full."""
    window, keep = model.window, round(KEEP_SECONDS * model.frame_rate)
    if window_seconds is not None:
        window = min(
            window, round(checked_number("window_seconds", window_seconds) * model.frame_rate)
        )
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
    """A finite number of at least 0. Raises MusicRFMError for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0.0):
        raise MusicRFMError(f"{name} must be a number of at least 0, not {value!r}")
    return number


def checked_whole(name: str, value: int, least: int | None = None) -> int:
    """A whole number, of at least `least`. Raises MusicRFMError for anything else."""
    try:
        number = operator.index(value)
    except TypeError:
        raise MusicRFMError(f"{name} must be a whole number, not {value!r}") from None
    if least is not None and number < least:
        raise MusicRFMError(f"{name} must be at least {least}, not {value!r}")
    return number
