"""Injects faults into a playing bridge, and measures the effect; see `running`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.bench.report import Options, Report


def run(options: Options) -> Report:
    from bridge.bench.torture import running  # here, so that the stand-ins start quickly

    return running.run(options)
