"""Stand-ins for the meters, presets and MIDI learn that a page is given while a set plays."""

from __future__ import annotations

from types import SimpleNamespace

from bridge.controls.controls import Controls
from musicrfm.errors import MusicRFMError


class Meters:
    """Reads whatever the test put into `reading`."""

    def __init__(self) -> None:
        self.reading = SimpleNamespace(
            level=-12.0,
            buffer=0.48,
            underruns=0,
            speed=3.2,
            latency=0.142,
            chroma=[1.0] + 11 * [0.0],
            tempo=0.0,
            seconds=12.0,
        )

    def read(self) -> SimpleNamespace:
        return self.reading


class Presets:
    """Presets in memory; "broken" cannot be used."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._kept: dict[str, dict] = {}
        self.asked: list[tuple] = []

    def names(self) -> list[str]:
        return sorted(self._kept)

    def store(self, name: str, replace: bool = False) -> str:
        self.asked.append(("replace" if replace else "store", name))
        if name == "broken":
            raise MusicRFMError("the rig file cannot be written")
        self._kept[name] = dict(self._controls.snapshot().values)
        return name

    def recall(self, name: str, source: object = "local") -> None:
        self.asked.append(("recall", name, source))
        if name not in self._kept:
            raise MusicRFMError(f"preset {name!r} does not exist")
        for address, value in self._kept[name].items():
            if self._controls.parameters[address].type in ("f", "i", "s"):
                self._controls.set(address, value, source)

    def morph(self, name: str, seconds: float, source: object = "local") -> None:
        self.asked.append(("morph", name, seconds, source))
        self.recall(name, source)

    def delete(self, name: str) -> None:
        self.asked.append(("delete", name))
        self._kept.pop(name, None)


class Mapped:
    """Mappings in memory; those of CC 127 cannot be changed."""

    def __init__(self) -> None:
        self.kept: list[dict] = [{"cc": 20, "to": "/steer/note_C", "channel": 1}]

    def entries(self) -> list[dict]:
        return list(self.kept)

    def change(self, before: dict, after: dict | None) -> None:
        if before not in self.kept or before.get("cc") == 127:
            raise MusicRFMError("this mapping was changed elsewhere in the meantime")
        at = self.kept.index(before)
        self.kept = [*self.kept[:at], *([] if after is None else [after]), *self.kept[at + 1 :]]


class Learner:
    """Learns when the test calls `learn`."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.mapped = Mapped()

    def start(self, address: str) -> None:
        self.address = address

    def cancel(self) -> None:
        self.address = None

    def learn(self) -> None:
        self.address = None
