"""Shows the progress of a long computation, and the remaining time."""

from __future__ import annotations

import atexit
import html
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

QUIET_SECONDS = 60.0  # between two lines in log files and on clusters
SHOWN_SECONDS = 0.2  # between two changes of the bar in a notebook


@dataclass
class Progress:
    """Counts `what` up to `total`; call it with the number done so far.

    A terminal or a notebook shows a bar, anything else a line per minute. Items from an earlier,
    interrupted run do not count for the remaining time.
    """

    what: str
    total: int | None = None
    unit: str = ""
    already: int = 0
    started: float = field(default_factory=time.monotonic)
    written: float = field(default_factory=time.monotonic)
    _bars: Bars | None = field(default=None, repr=False)
    _cell: Any = field(default=None, repr=False)  # the place of the bar in a notebook

    def __call__(self, done: int) -> None:
        console = Console(stderr=True)
        if console.is_jupyter:
            self._show(done)
        elif console.is_terminal:
            self._draw(console, done)
        elif time.monotonic() - self.written >= QUIET_SECONDS:
            self.written = time.monotonic()
            print(self.line(done), file=sys.stderr, flush=True)

    def line(self, done: int) -> str:
        """`notes: 320 of 1440 clips, 0:04:10 left`."""
        of = f" of {self.total}" if self.total is not None else ""
        unit = f" {self.unit}" if self.unit else ""
        left = self.left(done)
        return f"{self.what}: {done}{of}{unit}{'' if left is None else f', {clock(left)} left'} "

    def left(self, done: int) -> float | None:
        """Remaining seconds at the current speed; None if unknown."""
        fresh = done - self.already
        if self.total is None or fresh <= 0:
            return None
        return (time.monotonic() - self.started) / fresh * (self.total - done)

    def _show(self, done: int) -> None:
        """One line with a bar, changed in place; it needs no ipywidgets, which Rich's bar does."""
        from IPython.display import display

        ended = self.total is not None and done >= self.total
        fresh = time.monotonic() - self.written < SHOWN_SECONDS
        if self._cell is not None and fresh and not ended:
            return
        self.written = time.monotonic()
        line = self.line(done)
        ends = "" if self.total is None else f' value="{done}" max="{self.total}"'
        bar = f"<progress{ends}></progress> {html.escape(line)}"
        data = {"text/plain": line, "text/html": bar}
        if self._cell is None:
            self._cell = display(data, raw=True, display_id=True)
        else:
            self._cell.update(data, raw=True)

    def _draw(self, console: Console, done: int) -> None:
        if self._bars is None:
            self._bars = Bars(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.completed:.0f}/{task.total} {task.fields[unit]}", markup=False),
                TimeRemainingColumn(),
                console=console,
            )
            self._bars.add_task(self.what, total=self.total, unit=self.unit)
            self._bars.start()
            atexit.register(self._bars.stop)  # shows the cursor again, however the work ends
        self._bars.update(self._bars.task_ids[0], completed=done)
        if done == self.total:
            self._bars.stop()
            atexit.unregister(self._bars.stop)


def clock(seconds: float) -> str:
    """3723.4 as 1:02:03."""
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
