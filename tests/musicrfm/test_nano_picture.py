"""The spectrum picture and sound files of nano's clips."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from musicrfm.errors import MusicRFMError
from musicrfm.nano import picture

RATE = 16_000


def clips() -> dict[str, np.ndarray]:
    at = np.arange(2 * RATE) / RATE
    made = {}
    for number, prompt in enumerate(picture.CLIPS):
        audio = 0.3 * np.sin(2 * np.pi * 220 * 2**number * at)
        made[prompt] = audio[:, None].astype(np.float32)
    return made


def test_a_picture_has_a_panel_for_every_prompt(tmp_path, monkeypatch):
    panels = []
    monkeypatch.setattr(picture, "spectra", lambda path, told: panels.extend(told))
    picture.draw(tmp_path / "nano.png", clips(), RATE)
    assert [title.split("”")[0][1:] for title, _, _ in panels] == list(picture.CLIPS)
    for number, (_, levels, seconds) in enumerate(panels):
        assert seconds == 2.0 and levels.max() <= 0.1
        assert levels.mean(1).argmax() == 3 * (21 + 12 * number)  # A3 is 21 semitones above C2


def test_the_figure_is_written(tmp_path):
    picture.draw(tmp_path / "images" / "nano.png", clips(), RATE)
    assert (tmp_path / "images" / "nano.png").read_bytes().startswith(b"\x89PNG")


def test_sounds_are_short_files_named_after_their_prompts(tmp_path, monkeypatch):
    paths = picture.write_sounds(tmp_path / "audio", clips(), RATE)
    assert [path.stem for path in paths] == [p.replace(" ", "-") for p in picture.CLIPS]
    again, rate = soundfile.read(paths[0])
    assert rate == RATE and np.abs(again - clips()["flute melody"][:, 0]).max() < 1e-4
    assert soundfile.info(paths[0]).subtype == "PCM_16"
    monkeypatch.setattr(picture, "MOST_BYTES", 1000)
    with pytest.raises(MusicRFMError, match="give fewer --seconds"):
        picture.write_sounds(tmp_path / "audio", clips(), RATE)
