"""The outcome of one fault, for the table and the JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass

COLUMNS = [
    "fault",
    "silence, ms",
    "said",
    "back after, s",
    "missing, s",
    "exit status",
    "held",
]


@dataclass
class Outcome:
    """gap: longest silence, in seconds. said: whether the bridge reported the fault, None if it
    need not. back: seconds from the fault until music and OSC answers were back. missing: seconds
    that were played and are in no file. status: exit status. ended: seconds from the signal until
    the process had ended. late, asked: OSC questions not answered within a quarter of a second, and
    all. held: whether all limits were kept.
    """

    name: str
    gap: float = 0.0
    said: bool | None = None
    back: float | None = None
    missing: float | None = None
    status: int | None = None
    ended: float | None = None
    late: int = 0
    asked: int = 0
    held: bool = True
    words: str = ""

    def row(self) -> list[object]:
        """For the table, under `COLUMNS`."""
        said = {True: "yes", False: "no", None: "–"}[self.said]
        status = "–" if self.status is None else str(self.status)
        if self.ended is not None:
            status += f", after {self.ended:.1f} s"
        return [
            self.name,
            f"{1000 * self.gap:.0f}",
            said,
            _seconds(self.back),
            _seconds(self.missing),
            status,
            "yes" if self.held else "no",
        ]

    def data(self) -> dict:
        return asdict(self)


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if value >= 0.05 else "0"
