"""The instrument of a set: its model, directions and controls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bridge import pace
from bridge.controls.controls import Controls, Value, namespace, steer_address
from bridge.rig import Rig, SteerSetting
from bridge.settings import Settings
from musicrfm.checkpoints.mapped import trim
from musicrfm.directions import SUFFIX, Direction, list_directions
from musicrfm.files.folders import cache_folder
from musicrfm.model import MusicModel
from musicrfm.selfcheck import loaded
from musicrfm.steering.layers import layer_weights
from musicrfm.steering.schedules import parse_schedule
from musicrfm.steering.setting import checked_inject_per
from musicrfm.steering.steering import say_uncalibrated
from musicrfm.stream import MusicStream
from musicrfm.streaming.settings import checked_steer_guidance

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Instrument:
    """A stream under controls. steers: a direction's address -> its name in `stream.steering`.
    plan: the rig's crossfades, for the engine."""

    stream: MusicStream
    controls: Controls
    steers: dict[str, str]
    plan: list[tuple[float, str, tuple]]

    @property
    def model(self) -> MusicModel:
        return self.stream.model

    @property
    def directions(self) -> dict[str, Direction]:
        """By address."""
        return {a: self.stream.steering.get(name).direction for a, name in self.steers.items()}


def make_instrument(settings: Settings) -> Instrument:
    """Load the model and all directions. Raises MusicRFMError for missing or unusable ones."""
    how = {"frugal": True, "check_now": True}
    model = loaded(settings.model, settings.device, settings.dtype, **how)
    if model.small:
        torch.set_num_threads(1)
    window = pace.kept_window(model) if settings.window is None else settings.window
    stream = MusicStream(
        model,
        str(settings.start["/prompt"]),
        seed=settings.seed,
        early=settings.early,
        window_seconds=window,
        cache=settings.cache,
        continue_from=settings.continue_from,
        hear_take=settings.hear_take,
    )
    trim()
    if (words := pace.words(stream)) is not None:
        log.warning("%s", words)
    given = handed_on(settings.directions, model)
    steers, steer_start = add_directions(stream, settings.steer, settings.rig.folder, given)
    controls = Controls(
        namespace(steers.values(), bool(settings.cue), model.sampling),
        {**settings.start, **steer_start},
        text_checks(model),
    )
    return Instrument(stream, controls, steers, crossfades(settings.rig, controls))


def window_of(stream: MusicStream) -> float | None:
    """The length of the stream's window in seconds; None if it is the model's own."""
    whole = stream.window == stream.model.window
    return None if whole else stream.window / stream.model.frame_rate


def text_checks(model: MusicModel) -> dict[str, Callable[[str], object]]:
    """Functions that test at once whether the engine could use a text; see `Controls`."""
    return {
        "layers": lambda text: layer_weights(text, np.zeros(model.layers)),
        "schedule": parse_schedule,
        "inject_per": checked_inject_per,
        "steer_guidance": checked_steer_guidance,
    }


def handed_on(archive: str | None, model: MusicModel) -> list[Path]:
    """The direction files of an archive, or of a repository on the hub that has one."""
    if archive is None:
        return []
    from musicrfm.sharing.archive import unpacked_for
    from musicrfm.sharing.source import archive_at

    folder = unpacked_for(archive_at(archive), model, cache_folder())
    return sorted(folder.glob(f"[!.]*{SUFFIX}"))


def add_directions(
    stream: MusicStream,
    settings: Iterable[SteerSetting],
    folder: Path | None = None,
    given: Iterable[Path] = (),
) -> tuple[dict[str, str], dict[str, Value]]:
    """Add every direction of the model that is here or `given`, and those that were asked for.

    Returns address → name in `stream.steering`, and the initial values of their parameters. All
    start at coefficient 0 unless `settings` differ; for the same direction, a later setting
    overrides an earlier one. A damaged file is an error only if it was requested. A schedule's
    Python function is imported here, also from `folder`.
    """
    model = stream.model
    steers: dict[str, str] = {}
    start: dict[str, Value] = {}

    def add(direction: Direction) -> str:
        address = steer_address(direction.name)
        if address in steers:
            stream.steering.remove(steers[address])
        stream.steering.add(direction)
        steers[address] = direction.name
        if direction.range is None and not direction.classes:
            say_uncalibrated(direction.name, direction.model)
        return address

    for name in list_directions(model.name):
        try:
            add(Direction.load(name, model))
        except Exception as error:  # a damaged file must not affect others
            log.warning("direction %s is skipped: %s", name, error)
    for path in given:
        add(Direction.load(path, model))
    for setting in settings:
        address = steer_address(setting.name)
        if address not in steers or setting.name.endswith(".safetensors"):
            address = add(Direction.load(setting.name, model))
        if setting.schedule is not None:
            parse_schedule(setting.schedule, () if folder is None else (folder,))
        if setting.component is not None:
            stream.steering.set_component(steers[address], setting.component)
        wanted = {
            address: setting.coefficient,
            f"{address}/layers": setting.layers,
            f"{address}/schedule": setting.schedule,
            f"{address}/inject": setting.inject,
            f"{address}/inject_per": setting.inject_per,
            f"{address}/component": setting.component,
        }
        start.update({key: value for key, value in wanted.items() if value is not None})
    return steers, start


def crossfades(rig: Rig, controls: Controls) -> list[tuple[float, str, tuple]]:
    """The rig's crossfades as the engine's plan. Raises MusicRFMError for an unknown direction."""
    for fade in rig.crossfade:
        for name in (fade.from_name, fade.to_name):
            controls.parameter(steer_address(name))
    return [
        (fade.start, "/crossfade", (fade.from_name, fade.to_name, fade.seconds))
        for fade in rig.crossfade
    ]
