"""The command `musicrfm`: generate, measure, train directions, and evaluate them on audio.

Every subcommand is a module of `musicrfm.commands` that imports heavy packages only when it runs,
so help is instant. Coefficients on the command line are in the player's unit (1.0 = top of the
useful range); `evaluate` works with raw coefficients, because it finds the range.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from musicrfm.commands import (
    calibrate,
    detect,
    directions,
    evaluate,
    generate,
    import_model,
    importing,
    listen,
    results,
    syntheory,
    train,
)
from musicrfm.commands.arguments import Parser
from musicrfm.terminal import answered, run_command

COMMANDS = (
    generate,
    listen,
    detect,
    directions,
    syntheory,
    train,
    evaluate,
    calibrate,
    results,
    import_model,
    importing,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status: 0, 2 after an error, 130 after Ctrl-C."""
    return run_command(lambda: answered(lambda: run(arguments)))


def run(arguments: Sequence[str] | None = None) -> None:
    """Run one command in this process; raises its errors, such as MusicRFMError."""
    options = _parser().parse_args(arguments)
    options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="musicrfm",
        description="Generate steered music with MusicGen, measure it, and train directions. "
        "`bridge play` plays live.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
