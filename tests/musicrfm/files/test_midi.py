"""Reading MIDI files from other programs."""

from __future__ import annotations

import io
import struct

import mido
import pytest

from musicrfm.errors import MusicRFMError
from musicrfm.files.midi import read_midi

NOTE = [(0, b"\x90\x3c\x64"), (480, b"\x80\x3c\x00")]


def number(value: int) -> bytes:
    out = [value & 127]
    while value := value >> 7:
        out.insert(0, value & 127 | 128)
    return bytes(out)


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body)) + body


def track(events, end: bool = True) -> bytes:
    return chunk(
        b"MTrk", b"".join(number(t) + e for t, e in events) + (b"\0\xff\x2f\0" if end else b"")
    )


def smf(*tracks: bytes, kind: int = 1, division: bytes = b"\x01\xe0", more: bytes = b"") -> bytes:
    head = struct.pack(">HH", kind, len(tracks)) + division + more
    return chunk(b"MThd", head) + b"".join(tracks)


def riff(data: bytes) -> bytes:
    body = b"RMIDLIST\x03\0\0\0abc\0data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (smf(track(NOTE)), 0.5),
        (smf(track(NOTE, end=False)), 0.5),
        (smf(track([(0, b"\xff\x59\x02\xfe\xff"), *NOTE])), 0.5),  # 2 flats, mode 255
        (smf(track([(0, b"\xff\x59\x02\xee\x01"), *NOTE])), 0.5),  # 18 flats
        (smf(track([(0, b"\xff\x58\x02\x04\x02"), *NOTE])), 0.5),  # a metre of two bytes
        (smf(track([(0, b"\xff\x00\x01\x01"), *NOTE])), 0.5),  # a sequence number of one byte
        (smf(track(NOTE), division=b"\xe7\x28"), 0.48),  # 25 frames of 40 parts
        (smf(track(NOTE), division=b"\xe3\x50"), 480 / (80 * 30000 / 1001)),  # 29.97
        (smf(track([(0, b"\xff\x51\x03\x0f\x42\x40"), *NOTE])), 1.0),  # a second a beat
        (smf(track([(240, b"\xff\x51\x03\x0f\x42\x40")]), track(NOTE)), 0.75),
        (smf(track([(0, b"\x90\x3c\x64"), (240, b"\xff\x06\x01x"), (240, b"\x3c\0")])), 0.5),
        (smf(track([(0, b"\xf0\x05\x7e\x7f\x09\x01\xf7"), (0, b"\xf8"), *NOTE])), 0.5),
        (smf(chunk(b"XFIH", b"abcd"), track(NOTE)), 0.5),
        (smf(track(NOTE), more=b"\0\0"), 0.5),
        (smf(track(NOTE), kind=2), 0.5),  # one song of format 2
        (smf(track(NOTE)) + b"rubbish behind", 0.5),
        (riff(smf(track(NOTE))), 0.5),
        (b"\0\x08song.mid".ljust(128, b"\0") + smf(track(NOTE)), 0.5),  # MacBinary
        (b"\r\n" + smf(track(NOTE)), 0.5),
        (smf(track([*NOTE, (480, b"\xff\x2f\0"), (9600, b"\x90\x40\x40")])), 1.0),
        (smf(b"MTrk\0\0\0\0" + track(NOTE)[8:]), 0.5),  # a track with length 0 in its header
        (smf(b"MTrk\0\0\0\5" + track(NOTE)[8:], track([])), 0.5),  # a track with too small a length
    ],
)
def test_unusual_midi_files_are_read(tmp_path, data, seconds):
    (tmp_path / "a.mid").write_bytes(data)
    song = read_midi(tmp_path / "a.mid")
    assert song.has_notes and song.seconds == pytest.approx(seconds) and not song.cut
    assert [message[:2] for _, message in song.events] in (
        [b"\x90\x3c", b"\x80\x3c"],
        [b"\x90\x3c", b"\x90\x3c"],
    )
    plain = mido.MidiFile(file=io.BytesIO(song.rewritten()))
    assert plain.length == pytest.approx(seconds, abs=1e-4)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (smf(track(NOTE[:1])), 0.5),
        (smf(track([*NOTE, (960, b"\x91\x3c\x64"), (0, b"\x80\x3c\0")])), 2.0),
        (smf(track([*NOTE[:1], (960, b"\xff\x06\0")])), 1.0),  # it lasts until the end of the song
    ],
)
def test_note_without_note_off_still_sounds(tmp_path, data, seconds):
    (tmp_path / "a.mid").write_bytes(data)
    assert read_midi(tmp_path / "a.mid").seconds == pytest.approx(seconds)


def test_truncated_midi_file_is_read_with_a_warning(tmp_path, caplog):
    data = smf(track(NOTE * 4))
    (tmp_path / "a.mid").write_bytes(data[:-9])
    song = read_midi(tmp_path / "a.mid")
    assert song.cut and len(song.events) == 7 and "a.mid' is truncated" in caplog.text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "its first bytes are not those of a MIDI file"),
        (b"RIFF\0\0\0\0WAVE", "its first bytes are not those of a MIDI file"),
        (b"RIFF\0\0\0\0RMID", "without MIDI in it"),
        (b"MThd\0\0\0\4\0\0\0\1", "header is truncated"),
        (smf(), "it has no track"),
        (smf(track(NOTE), division=b"\0\0"), "time division is 0 ticks"),
        (
            smf(track(NOTE), division=b"\xe7\0"),
            "0 parts of 25 frames a second, which SMPTE does not have",
        ),
        (smf(track(NOTE), division=b"\x85\x28"), "123 frames a second"),
        (smf(track([(0, b"\xff\x51\x03\0\0\0"), *NOTE])), "a tempo of 0 microseconds"),
        (smf(track([(0, b"\xff\x51\0"), *NOTE])), "a tempo of 0 microseconds"),
        (smf(track([(0, b"\x90\x3c\xc8"), (480, b"\x80\x3c\0")])), "200, and 127 is the maximum"),
        (smf(track(NOTE), track(NOTE), kind=2), "2 songs in one file"),
        (smf(track(NOTE), kind=7), "its format is 7"),
        (smf(track([(0, b"\x3c\x64")])), "belongs to no message"),
        (smf(chunk(b"MTrk", b"\xff\xff\xff\xff\x7f\x90\x3c\x64")), "more than four bytes"),
    ],
)
def test_unreadable_midi_files_are_refused(tmp_path, data, said):
    (tmp_path / "a.mid").write_bytes(data)
    with pytest.raises(MusicRFMError, match=f"is not a readable MIDI file: .*{said}"):
        read_midi(tmp_path / "a.mid")


def test_rewritten_midi_sounds_the_same(tmp_path):
    from musicrfm.data.synth import render_midi

    part = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=437_001)])
    part.append(mido.Message("program_change", program=48))
    for pitch in (57, 60, 64):
        part.append(mido.Message("note_on", note=pitch, velocity=80, time=7))
        part.append(mido.Message("pitchwheel", pitch=pitch * 10, time=113))
        part.append(mido.Message("note_off", note=pitch, time=120))
    mido.MidiFile(ticks_per_beat=480, tracks=[part]).save(tmp_path / "a.mid")
    before, rate = render_midi((tmp_path / "a.mid").read_bytes())
    after, _ = render_midi(read_midi(tmp_path / "a.mid").rewritten())
    assert abs(len(before) - len(after)) < 0.01 * rate
    size = min(len(before), len(after))
    assert abs(before[:size] - after[:size]).max() < 0.05 * abs(before).max()
