"""Lists the side effects of a rig in one line: the code it runs and the files it writes.

A rig may come from somebody else; this is the information to check before playing it.
"""

from __future__ import annotations

from pathlib import Path

from bridge.recording.recorder import is_sound_file
from bridge.rig import Rig
from musicrfm.steering.schedules import imports_code
from musicrfm.terminal import plain


def effects(rig: Rig) -> str:
    """The line, or "" without a rig. Nothing is imported or run."""
    if rig.path is None:
        return ""
    programs = dict.fromkeys(
        steer.schedule.strip().partition(":")[2]
        for steer in rig.steer
        if steer.schedule is not None and imports_code(steer.schedule)
    )
    runs = f"runs the Python {', '.join(programs)}" if programs else "runs no Python"
    return plain(f"{rig.path}: {runs}; writes {', '.join(written(rig))}")


def written(rig: Rig) -> list[str]:
    """The files, in words; an existing one is not overwritten but gets a numbered neighbour."""
    files = [rig.output[key] for key in ("to", "record") if is_sound_file(rig.output.get(key, ""))]
    if "record" in rig.output:
        files.append(f"{Path(rig.output['record']).with_suffix('.jsonl')} (control changes)")
    return [*files, "itself (presets and learned controls)"]
