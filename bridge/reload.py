"""Applies changes of the rig file while the set plays.

Only values that differ from the previous version of the file are applied, so that saving it does
not undo manual changes. Mistakes in the file are logged with their line, and nothing changes.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.controls.controls import Controls, Value, steer_address
from bridge.controls.parameters import CUE_GAIN, PROMPT, set_by
from bridge.controls.presets import Presets
from bridge.process.handles import RESERVE
from bridge.rig import TABLES, Rig, load_rig
from bridge.toml.saving import stamp
from musicrfm.directions import SUFFIX
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.midi.controllers import MidiInput

log = logging.getLogger(__name__)


class Reloader:
    """Checks the file regularly; `look` never raises."""

    def __init__(
        self, rig: Rig, controls: Controls, presets: Presets, midi: MidiInput | None = None
    ) -> None:
        self._rig, self._controls, self._presets, self._midi = rig, controls, presets, midi
        self._stamp = stamp(rig.path)

    def look(self) -> bool:
        """Whether the file has changed and was applied."""
        now = stamp(self._rig.path)
        self._stamp = self._presets.followed(self._stamp)
        if now is None or now == self._stamp:
            return False
        self._stamp = now
        try:
            with RESERVE.lent():
                new = load_rig(str(self._rig.path))
            return self._take(new)
        except MusicRFMError as error:
            log.warning("the rig file is not reloaded: %s", error)
        except Exception:
            log.exception("the rig file is not reloaded")
        return False

    def _take(self, new: Rig) -> bool:
        if new == self._rig:
            return False
        before, after = live_values(self._rig), live_values(new)
        changed = {a: v for a, v in after.items() if before.get(a) != v}
        if not self._controls.knows(CUE_GAIN.address):  # this set has no headphones
            changed.pop(CUE_GAIN.address, None)
        for address in before.keys() - after.keys():
            parameter = self._controls.parameters.get(address)
            if parameter is not None and address != PROMPT.address:
                changed[address] = parameter.default
        if self._midi is not None and new.midi != self._rig.midi:
            self._midi.remap(new.midi)
        self._controls.set_many(changed, source="rig")
        self._presets.replace(new.presets)
        later = [table for table in TABLES if _fixed(new, table, self._rig)]
        if new.midi_ports != self._rig.midi_ports or (new.midi and self._midi is None):
            later.append("midi")
        if new.crossfade != self._rig.crossfade:
            later.append("crossfade")  # its times count from the start of the set
        self._rig = new
        log.info("the rig file is reloaded")
        if later:
            log.warning("changes to %s take effect at the next start", " and ".join(later))
        return True


def live_values(rig: Rig) -> dict[str, Value]:
    """The values of controls that a rig sets, by address."""
    values: dict[str, Value] = rig.values("engine") | rig.values("output")
    for steer in rig.steer:
        is_file = "/" in steer.name or steer.name.endswith(SUFFIX)
        address = steer_address(Path(steer.name).stem if is_file else steer.name)
        if steer.coefficient is not None:
            values[address] = steer.coefficient
        for option in set_by("steer"):
            if option != "coefficient" and getattr(steer, option) is not None:
                values[f"{address}/{option}"] = getattr(steer, option)
    return values


def _fixed(new: Rig, table: str, old: Rig) -> bool:
    """Whether a table differs in settings that cannot change while a set plays."""
    one, other = getattr(new, table), getattr(old, table)
    return any(one.get(key) != other.get(key) for key in {*one, *other} - set_by(table).keys())
