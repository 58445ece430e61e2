"""Runs a command whose output may be closed, ended early, or limited to few characters.

A closed stdout discards output, a character that it cannot encode becomes `?`, and a reader that
ends early (`| head -1`) ends the command silently.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from musicrfm.errors import MusicRFMError

# Packages of the extra `train`.
EXTRA = {"librosa", "matplotlib", "sklearn", "scipy", "midirenderer", "pretty_midi", "xrfm"}
MOST_TOLD = 2000  # characters of an error

UNWRITTEN = (
    errno.ENOSPC,
    getattr(errno, "EDQUOT", errno.ENOSPC),
    errno.EFBIG,
    errno.EIO,
    errno.EBADF,
)
NO_MEMORY = ("can't start new thread", "not enough memory", "out of memory")
INTERRUPTED = 130
NOBODY_READS = 141  # the exit status that a shell gives for a broken pipe

# Moves a cursor, forges a line, or turns the order of letters round.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_CONTROL |= {c: f"\\u{c:04x}" for c in (*range(0x2028, 0x202F), *range(0x2066, 0x206A))}


def plain(text: str, keep: str = "") -> str:
    """The text without control characters, which a terminal might obey."""
    return text.translate({c: s for c, s in _CONTROL.items() if chr(c) not in keep})


def out_of_memory(error: BaseException) -> bool:
    """Whether the error means that memory is exhausted, which Python and PyTorch report in several
    ways."""
    told = str(error).lower()
    return isinstance(error, MemoryError) or any(words in told for words in NO_MEMORY)


def say_error(error: Exception) -> None:
    """Print an error to stderr in one line, limited in length."""
    print(f"error: {plain(shortened(str(error)))}", file=sys.stderr)


def shortened(text: str, most: int = MOST_TOLD) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def answered(run: Callable[[], object]) -> int:
    """Call `run` and return the exit status: 2 after an error that the user can mend, in one
    sentence."""
    try:
        run()
    except MusicRFMError as error:
        say_error(error)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        print(
            f"error: this command needs the package {error.name}: "
            "pip install 'musicrfm-bridge[train]'",
            file=sys.stderr,
        )
        return 2
    return 0


def run_command(run: Callable[[], int]) -> int:
    """Call `run`, make sure that its output is written, and return the exit status."""
    open_streams()
    try:
        status = run()
        flush()
        return status
    except SystemExit:  # --help prints, too
        try:
            flush()
        except OSError as error:
            return _unwritten(error)
        raise
    except KeyboardInterrupt:
        return INTERRUPTED
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        print("error: not enough memory", file=sys.stderr)
        return 1
    except BrokenPipeError as error:
        return _unwritten(error)
    except OSError as error:
        if error.filename is not None or error.errno not in UNWRITTEN:
            raise
        return _unwritten(error)


def open_streams() -> None:
    """Make sure that stdin, stdout and stderr exist and accept every character."""
    while True:  # else the next file or socket would get their numbers
        number = os.open(os.devnull, os.O_RDWR)
        if number > 2:
            os.close(number)
            break
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def flush() -> None:
    """Flush stdout and stderr. Raises OSError if output could not be written."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _into_nothing() -> None:
    """Discard the pending output of a broken stream, so that the exit is quiet."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, stream.fileno())
                os.close(nothing)


def _unwritten(error: OSError) -> int:
    _into_nothing()
    if isinstance(error, BrokenPipeError):
        return NOBODY_READS
    with suppress(OSError):
        print(f"error: the output could not be written: {error.strerror}", file=sys.stderr)
        sys.stderr.flush()
    return 1
