"""The state of the engine, for the status line."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Status:
    """`Engine.status()` at one moment."""

    seconds: float  # audio handed to the output so far
    level_db: float  # peak of the latest frame
    speed: float  # audio seconds made per second of making, lately
    buffer: float  # seconds that the output could play on
    underruns: int
    steers: dict[str, float] = field(default_factory=dict)  # what is not 0
    playing: bool = True
    hangs: float = 0.0  # seconds for which the engine has not moved, if that is no usual time
