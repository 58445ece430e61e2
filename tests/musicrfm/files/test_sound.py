"""Reading intact and damaged sound files."""

from __future__ import annotations

import logging
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from musicrfm.errors import MusicRFMError
from musicrfm.files import flac
from musicrfm.files.sound import check_mix, read_sound, sound_seconds

RATE, SECONDS = 16_000, 20
BLOCK = 4096


@pytest.fixture(scope="module")
def take() -> np.ndarray:
    """float32 [samples, 1] with noise, so that compressed files have about 2 bytes a sample."""
    dice = np.random.default_rng(0)
    times = np.arange(RATE * SECONDS) / RATE
    noise = 0.1 * dice.standard_normal(len(times))
    return (0.3 * np.sin(2 * np.pi * 220 * times) + noise).astype(np.float32)[:, None]


def written(path: Path, take: np.ndarray, **kind) -> bytes:
    soundfile.write(path, take, RATE, **kind)
    return path.read_bytes()


def without_length(data: bytes) -> bytes:
    return data[:21] + bytes([data[21] & 0xF0]) + bytes(4) + data[26:]


@pytest.mark.parametrize("name", ["a.flac", "a.wav", "a.aiff", "a.caf", "a.ogg", "a.mp3"])
def test_intact_files_are_read_exactly(tmp_path, take, name, caplog):
    written(tmp_path / name, take)
    audio, rate = read_sound(tmp_path / name)
    assert rate == RATE and audio.shape == take.shape and audio.dtype == np.float32
    assert np.abs(audio - take)[1000:].max() < (0.3 if name in ("a.ogg", "a.mp3") else 1e-4)
    assert sound_seconds(tmp_path / name) == SECONDS
    assert np.array_equal(read_sound(tmp_path / name, first=1.5)[0], audio[: round(1.5 * RATE)])
    end = read_sound(tmp_path / name, last=1.5)[0]
    assert len(end) == round(1.5 * RATE)
    if name not in ("a.ogg", "a.mp3"):  # lossy codecs are inexact after a seek
        assert np.array_equal(end, audio[-len(end) :])
    assert not caplog.records


def test_flac_of_unknown_length_is_read_to_the_end(tmp_path, take, caplog):
    data = written(tmp_path / "a.flac", take, subtype="PCM_24")
    (tmp_path / "b.flac").write_bytes(without_length(data))
    with soundfile.SoundFile(tmp_path / "b.flac") as file:
        assert len(file) > 2**60, "libsndfile takes it for endless"
    audio, _ = read_sound(tmp_path / "b.flac")
    assert np.abs(audio - take).max() < 1e-6 and not caplog.records
    assert sound_seconds(tmp_path / "b.flac") == SECONDS
    assert np.array_equal(read_sound(tmp_path / "b.flac", last=2.0)[0], audio[-2 * RATE :])


def test_flac_after_an_id3_tag_is_read(tmp_path, take):
    data = written(tmp_path / "a.flac", take)
    tag = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
    (tmp_path / "b.flac").write_bytes(tag + without_length(data))
    assert len(read_sound(tmp_path / "b.flac")[0]) == len(take)


@pytest.mark.parametrize("told", [True, False])
def test_truncated_flac_is_read_up_to_the_cut(tmp_path, take, told, caplog):
    data = written(tmp_path / "a.flac", take)
    half = data[: len(data) // 2]
    (tmp_path / "b.flac").write_bytes(half if told else without_length(half))
    audio, _ = read_sound(tmp_path / "b.flac")
    assert 0.45 * len(take) < len(audio) < 0.55 * len(take) and len(audio) % BLOCK == 0
    assert np.abs(audio - take[: len(audio)]).max() < 1e-4
    end, _ = read_sound(tmp_path / "b.flac", last=2.0)
    assert np.array_equal(end, audio[-len(end) :]) and len(end) > 1.5 * RATE
    assert sound_seconds(tmp_path / "b.flac") < 0.6 * SECONDS


@pytest.mark.parametrize("damage", ["zeros", "noise", "one byte", "missing"])
def test_damaged_flac_is_silent_only_at_the_damage(tmp_path, take, damage, caplog):
    data = bytearray(written(tmp_path / "a.flac", take))
    at = len(data) // 2
    if damage == "zeros":
        data[at : at + 9000] = bytes(9000)
    elif damage == "noise":
        data[at : at + 9000] = np.random.default_rng(1).integers(0, 256, 9000, "u1").tobytes()
    elif damage == "one byte":
        data[at] ^= 0x55
    else:
        del data[at : at + 9000]
    (tmp_path / "b.flac").write_bytes(data)
    audio, _ = read_sound(tmp_path / "b.flac")
    assert audio.shape == take.shape
    lost = ~(np.abs(audio - take) < 1e-4).ravel()
    assert 0.5 * BLOCK < lost.sum() < 6 * BLOCK and not audio[lost].any()
    assert "b.flac' is damaged" in caplog.text or "b.flac is damaged" in caplog.text
    assert len(caplog.records) == 1


def test_damaged_mp3_is_read_past_the_damage(tmp_path, take, caplog):
    data = bytearray(written(tmp_path / "a.mp3", take, subtype="MPEG_LAYER_III"))
    at = len(data) // 2
    data[at : at + 8000] = np.random.default_rng(1).integers(0, 256, 8000, "u1").tobytes()
    (tmp_path / "b.mp3").write_bytes(data)
    audio, _ = read_sound(tmp_path / "b.mp3")
    assert len(audio) > len(take) - 12_000 * len(take) / len(data)
    assert "b.mp3 is truncated or damaged" in caplog.text


def wav(data: bytes, riff: int, length: int) -> bytes:
    at = data.index(b"data") + 4
    sizes = [struct.pack("<I", n) for n in (riff, length)]
    return data[:4] + sizes[0] + data[8:at] + sizes[1] + data[at + 4 :]


@pytest.mark.parametrize(
    ("riff", "length"), [(0, 0), (8, 0), (0xFFFFFFFF, 0xFFFFFFFF), (36, 0), (2**31, 2**31)]
)
def test_wav_with_a_wrong_length_is_read_completely(tmp_path, take, riff, length):
    data = written(tmp_path / "a.wav", take)
    (tmp_path / "b.wav").write_bytes(wav(data, riff, length))
    assert len(read_sound(tmp_path / "b.wav")[0]) == len(take)
    assert sound_seconds(tmp_path / "b.wav") == SECONDS


def test_empty_wav_with_a_trailing_tag_is_refused(tmp_path, take):
    data = written(tmp_path / "a.wav", take[:0])
    (tmp_path / "b.wav").write_bytes(data + b"LIST\x04\0\0\0INFO" + bytes(400))
    with pytest.raises(MusicRFMError, match="without samples"):
        read_sound(tmp_path / "b.wav")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"hello", "is not a readable sound file"),
        (b"fLaC\0\0\0\x22" + bytes(34), "is not a readable sound file"),
        (b"fLaC", "is not a readable sound file"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom", "it is MP4 or AAC"),
        (b"MThd\0\0\0\6", "it is MIDI"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    ],
)
def test_files_without_sound_are_refused(tmp_path, content, said):
    (tmp_path / "a.wav").write_bytes(content)
    for read in (read_sound, sound_seconds):
        with pytest.raises(MusicRFMError, match=said) as refused:
            read(tmp_path / "a.wav")
        assert "\n" not in str(refused.value)


def test_samples_that_are_not_finite_are_refused_with_their_time(tmp_path, take):
    for number in (np.nan, np.inf):
        wrong = take.copy()
        wrong[RATE * 3] = number
        written(tmp_path / "a.wav", wrong, subtype="FLOAT")
        with pytest.raises(MusicRFMError, match=r"not finite, the first one 3.00 s after"):
            read_sound(tmp_path / "a.wav")
        assert len(read_sound(tmp_path / "a.wav", first=2.0)[0]) == 2 * RATE


def test_impossibly_large_samples_are_refused(tmp_path, take):
    wrong = take.copy()
    wrong[5] = 1e30
    soundfile.write(tmp_path / "a.wav", wrong, RATE, subtype="FLOAT")
    with pytest.raises(
        MusicRFMError, match=r"has impossible samples, up to 1e\+30 where 1 is full"
    ):
        read_sound(tmp_path / "a.wav")


def test_impossible_sample_rate_is_refused(tmp_path, take):
    soundfile.write(tmp_path / "a.wav", take[:1000], 3)
    with pytest.raises(MusicRFMError, match="sample rate of 3 Hz"):
        read_sound(tmp_path / "a.wav")


def test_cancelling_channels_are_refused(take):
    one = take[:, 0]
    with pytest.raises(MusicRFMError, match="the channels of 'x.wav' cancel"):
        check_mix(np.stack([one, -0.95 * one + 0.2], 1), "x.wav")
    dice = np.random.default_rng(2)
    for sides in (
        np.stack([one, one], 1),
        np.stack([one, 0 * one], 1),
        dice.standard_normal((9000, 6)).astype(np.float32),
        np.zeros((100, 2), np.float32),
        take,
        one,
    ):
        check_mix(sides, "x.wav")


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_every_frame_of_flac_is_found(tmp_path, take, channels, subtype):
    written(tmp_path / "a.flac", np.repeat(take, channels, 1), subtype=subtype)
    with (tmp_path / "a.flac").open("rb") as file:
        stream = flac.stream_of(file)
        assert (stream.rate, stream.channels, stream.total) == (RATE, channels, len(take))
        assert stream.bits == int(subtype[-2:]) and stream.block == BLOCK
        found = list(flac.frames(file, stream, len(stream.head), 2**40))
        assert flac.last_frame(file, stream) == found[-1]
    assert [frame.first for frame in found] == list(range(0, len(take), BLOCK))
    assert found[-1].end == len(take)


def test_damage_outside_the_requested_part_is_not_reported(tmp_path, take, caplog):
    data = written(tmp_path / "a.flac", take)
    (tmp_path / "b.flac").write_bytes(data[: len(data) // 2])
    with caplog.at_level(logging.DEBUG):
        read_sound(tmp_path / "b.flac", first=1.0)
    assert not caplog.records
