"""`musicrfm listen`: measures any sound file as an evaluation does."""

from __future__ import annotations

import argparse
import json

from musicrfm.commands.arguments import command
from musicrfm.errors import MusicRFMError
from musicrfm.theory import PITCH_CLASSES


def add(commands) -> None:
    p = command(commands, "listen", listen, "measure sound files: notes, tempo, level, artefacts")
    p.add_argument("files", nargs="+", metavar="FILE", help="sound file")
    p.add_argument("--json", action="store_true", help="print JSON")


def listen(o: argparse.Namespace) -> None:
    from musicrfm.files.sound import check_mix, read_sound
    from musicrfm.listening import measure

    heard = []
    for path in o.files:
        audio, sample_rate = read_sound(path)
        check_mix(audio, path)
        try:
            heard.append((path, measure.measure(audio, sample_rate)))
        except MusicRFMError as error:
            raise MusicRFMError(f"{path!r}: {error}") from None
    if o.json:
        print(json.dumps([{"file": path} | m.as_dict() for path, m in heard], indent=1))
        return
    for path, m in heard:
        order = sorted(range(12), key=lambda i: -m.note_share[i])
        notes = [
            f"{PITCH_CLASSES[i].replace('s', '#')} {m.note_share[i]:.0%}"
            for i in order
            if m.note_share[i] >= measure.HEARD_SHARE
        ]
        tempo = f"{m.tempo_bpm:.1f} BPM (pulse {m.pulse:.2f})" if m.tempo_bpm else "no pulse"
        silent = ", silent" if m.silence_share == 1.0 else ""
        print(f"{path}: {m.seconds:.1f} s{silent}")
        print(f"  notes    {', '.join(notes) or 'none'} ({m.pitch_classes} pitch classes)")
        print(f"  rhythm   {tempo}, {m.onset_rate:.1f} onsets per second")
        print(
            f"  level    {m.level_db:.1f} dBFS, peak {m.peak:.3f}, "
            f"{m.clipped_share:.2%} clipped, {m.silence_share:.0%} silent"
        )
        print(f"  flatness {m.flatness:.4f}")
