"""A higher place in the system's queue, for the process that feeds the sound card."""

from __future__ import annotations

import os
import sys

REALTIME = 5  # of 1 to 99: above all usual work, below drivers and JACK (10 and up)
NICE = -11  # what sound servers ask for
HIGH_PRIORITY_CLASS = 0x80


def be_first() -> str:
    """Asks the system to serve this process before others; what it granted.

    "realtime", "high" or "usual". Asks for nothing that lasts beyond the process.
    """
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        own = kernel.GetCurrentProcess()
        return "high" if kernel.SetPriorityClass(own, HIGH_PRIORITY_CLASS) else "usual"
    if hasattr(os, "sched_setscheduler"):
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME))
            return "realtime"
        except OSError:
            pass  # needs a right that most users of Linux do not have by default
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        return "high"
    except OSError:
        return "usual"
