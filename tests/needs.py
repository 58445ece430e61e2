"""What some tests need and a machine may lack: named here, looked for here, installed from here.

A test says `@pytest.mark.needs("pd")`; `tests/conftest.py` skips it where that is missing, and says
at the end what was skipped and why. With MUSICRFM_NO_SKIPS=1, as in continuous integration, such a
test fails instead. `run.py` imports this before anything is installed, so it needs Python alone.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
# Where Debian, Ubuntu and Google put them beside the PATH.
CHROMIUM_PLACES = ("/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome")
APT_SECONDS = 240


@dataclass(frozen=True)
class Need:
    """what: how it is called in "WHAT is missing".

    debian: the package of Debian and Ubuntu that it is in, where it is in one.
    hardware: of the machine or the system and not to be installed, so its lack is never a failure.
    """

    what: str
    there: Callable[[], object]
    debian: str = ""
    hardware: bool = False


def chromium() -> str | None:
    """The path of a Chromium or Chrome, or None."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *CHROMIUM_PLACES])
    return next((path for name in CHROMIUMS if (path := shutil.which(name, path=places))), None)


def cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def int8() -> bool:
    from musicrfm.weights.int8 import can_int8

    return can_int8()


def library(name: str) -> Callable[[], object]:
    """A shared library that Python packages for Linux expect the system to have."""
    return lambda: sys.platform != "linux" or ctypes.util.find_library(name)


def ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def package(name: str) -> Callable[[], object]:
    return partial(find_spec, name)


def program(name: str) -> Callable[[], object]:
    return partial(shutil.which, name)


NEEDS = {
    "jackd": Need("the JACK server (jackd)", program("jackd"), "jackd2"),
    "portaudio": Need(
        "PortAudio",
        lambda: sys.platform in ("darwin", "win32") or ctypes.util.find_library("portaudio"),
        "libportaudio2",
    ),
    "oscsend": Need("oscsend of liblo", program("oscsend"), "liblo-tools"),
    "pd": Need("Pure Data (pd)", program("pd"), "puredata-core"),
    "chromium": Need("a Chromium or Chrome", chromium, "chromium-headless-shell"),
    "torch": Need("the package torch", package("torch")),
    "numba": Need("the package numba", package("numba")),
    "xrfm": Need("the package xrfm", package("xrfm"), hardware=sys.version_info < (3, 11)),
    "aalink": Need("the package aalink", package("aalink")),
    "libatomic": Need(
        "the library libatomic, which aalink's wheel needs", library("atomic"), "libatomic1"
    ),
    # PortAudio brings it; its own package is called differently from release to release.
    "libasound": Need(
        "the library libasound, which python-rtmidi's wheel needs",
        library("asound"),
        "libportaudio2",
    ),
    "rtmidi": Need(
        "the package python-rtmidi or supriya-midi",
        lambda: find_spec("rtmidi") or find_spec("supriya_midi"),
    ),
    "ray": Need("the package ray", package("ray")),
    "peft": Need("the package peft", package("peft")),
    "datasets": Need("the package datasets", package("datasets")),
    "int8": Need("a PyTorch that multiplies int8", int8),
    "cuda": Need("an NVIDIA GPU", cuda, hardware=True),
    "ipv6": Need("IPv6", ipv6, hardware=True),
    "linux": Need("Linux", lambda: sys.platform == "linux", hardware=True),
    "posix": Need("a POSIX system", lambda: os.name == "posix", hardware=True),
}


def missing(name: str) -> str | None:
    """Why a test that needs `name` cannot run here; None if it can."""
    need = NEEDS[name]
    if need.there():
        return None
    how = f" (Debian, Ubuntu: apt install {need.debian})" if need.debian else ""
    return f"{need.what} is missing{how}"


def lack(reason: str, fatal: bool = True) -> NoReturn:
    """Skip the test that is running; fail it if it is `fatal` and nothing may be skipped."""
    import pytest

    if fatal and os.environ.get("MUSICRFM_NO_SKIPS", "0") not in ("", "0"):
        pytest.fail(f"{reason}, and MUSICRFM_NO_SKIPS is set", pytrace=False)
    pytest.skip(reason)


def install(remembered: Path, say: Callable[[str], None]) -> None:
    """Install from Debian's packages what tests need and is missing, as far as this may.

    It may as root on a system with apt, unless MUSICRFM_APT is 0. What could not be had is not
    fatal, and not tried again: `remembered` keeps the names of the packages that were tried.
    """
    lacking = [need for need in NEEDS.values() if need.debian and not need.there()]
    names = list(dict.fromkeys(need.debian for need in lacking))
    tried = remembered.read_text().split() if remembered.is_file() else []
    if set(names) <= set(tried):
        return
    root = getattr(os, "geteuid", lambda: 1)() == 0
    allowed = os.environ.get("MUSICRFM_APT", "1") != "0"
    if sys.platform == "linux" and root and allowed and shutil.which("apt-get"):
        say(f"apt-get install {' '.join(names)}, for the tests (MUSICRFM_APT=0 leaves that out)")
        fetch_and_install(names, say)
        remembered.write_text("\n".join([*tried, *names]) + "\n")
        lacking = [need for need in lacking if not need.there()]
    if lacking:
        say(f"tests that need {' or '.join(need.what for need in lacking)} will be skipped")


def fetch_and_install(names: Iterable[str], say: Callable[[str], None]) -> None:
    """One package after the other, so that one which is not to be had keeps back no other.

    Only fetching has a time limit: apt-get must not be ended while it installs.
    """
    deadline = time.monotonic() + APT_SECONDS
    apt_get(["update"], say, deadline)
    for name in names:
        install = ["install", "-y", "--no-install-recommends", name]
        if apt_get([*install, "--download-only"], say, deadline):
            apt_get(install, say)


def apt_get(words: list[str], say: Callable[[str], None], deadline: float | None = None) -> bool:
    """Whether it succeeded; if not, one line is said."""
    command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=60", "-o", "Acquire::Retries=1"]
    command += ["-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20", *words]
    with tempfile.TemporaryFile("w+") as printed:
        try:
            status = subprocess.run(
                command,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=None if deadline is None else max(1.0, deadline - time.monotonic()),
            ).returncode
        except subprocess.TimeoutExpired:
            say(f"apt-get {words[0]}: ended, as it took too long")
            return False
        except OSError as error:
            say(f"apt-get {words[0]}: {error}")
            return False
        printed.seek(0)
        complaints = [line.strip() for line in printed if line.startswith(("E:", "W:"))]
    if status:
        say(f"apt-get {words[0]}: {complaints[-1] if complaints else f'status {status}'}")
    return status == 0
