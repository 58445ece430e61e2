"""Commands whose output has no reader or cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from musicrfm.cli import main
from musicrfm.errors import MusicRFMError
from musicrfm.terminal import NOBODY_READS, say_error

pytestmark = pytest.mark.needs("posix")
LONG = "for n in range(5000): print(chr(215), n)\nreturn_ = 0"


def run(body: str, shell: str) -> subprocess.CompletedProcess:
    """Runs a shell line in which $RUN is a command with this body."""
    code = "import sys\nfrom musicrfm.terminal import run_command\ndef body():\n"
    code += "".join(f"    {line}\n" for line in body.splitlines()) + "    return 0\n"
    code += "sys.exit(run_command(body))"
    env = {**os.environ, "PYTHON": sys.executable, "CODE": code}
    shell = shell.replace("$RUN", '"$PYTHON" -c "$CODE"')
    return subprocess.run(
        ["bash", "-c", shell], env=env, capture_output=True, text=True, timeout=60
    )


def test_closed_pipe_ends_the_command_silently():
    done = run(LONG, "$RUN | head -1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (NOBODY_READS, "")
    assert done.stdout == "\u00d7 0\n"


def test_unread_help_prints_no_error():
    done = run("print('x' * 100)\nsys.exit(0)", "$RUN | (exec <&-; sleep 1); exit ${PIPESTATUS[0]}")
    assert done.stderr == "" and done.returncode in (0, NOBODY_READS)


@pytest.mark.needs("linux")
def test_full_disk_is_reported_in_one_sentence():
    done = run(LONG, "$RUN >/dev/full")
    assert done.returncode == 1
    assert done.stderr == "error: the output could not be written: No space left on device\n"


def test_closed_standard_streams_are_replaced():
    done = run("f = open('/dev/null')\nprint(f.fileno() > 2, file=sys.stderr)", "$RUN <&- >&-")
    assert (done.returncode, done.stderr) == (0, "True\n")
    assert run("print(1)", "$RUN >&- 2>&-").returncode == 0


def test_ascii_terminal_shows_question_marks():
    done = run("print(chr(215), 'a')", "LC_ALL=C PYTHONIOENCODING=ascii $RUN")
    assert (done.returncode, done.stdout, done.stderr) == (0, "? a\n", "")


def test_long_error_messages_are_shortened(capsys):
    say_error(MusicRFMError("9" * 100_000))
    assert len(capsys.readouterr().err) < 2100
    with pytest.raises(SystemExit):
        main(["generate", "piano", "--out", "a.flac", "--seed", "9" * 100_000])
    assert len(capsys.readouterr().err) < 3000
