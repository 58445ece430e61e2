"""What a playing bridge survives; see `bridge.bench.torture.running`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.bench.report import Options, Report


def run(options: Options) -> Report:
    from bridge.bench.torture import running  # not at the top: the stand-ins here start quickly

    return running.run(options)
