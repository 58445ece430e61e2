"""What became of a set under one fault."""

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
    """gap: the longest silence heard, in seconds. said: None where nothing had to be. back: seconds
    from the fault until music and answers were there again. missing: seconds that were heard and
    are in no file. late, asked: questions by OSC that were not answered within a quarter of a
    second, and all. ended: seconds from the order to end until the process had.
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
