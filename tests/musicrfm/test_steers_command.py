"""The syntax of `--steer` and `--crossfade`."""

from __future__ import annotations

import pytest

from musicrfm.commands.steers import (
    CrossfadeOption,
    SteerOption,
    crossfade_option,
    steer_option,
)
from musicrfm.errors import MusicRFMError


@pytest.mark.parametrize(
    ("text", "name", "coefficient", "options"),
    [
        ("note_C=0.8", "note_C", 0.8, {}),
        ("notes:C#=-1e0", "notes:C#", -1.0, {}),
        ("my=files/a,b/note_C.safetensors=2", "my=files/a,b/note_C.safetensors", 2.0, {}),
        ("tempo=1,layers=exp:1,0.95", "tempo", 1.0, {"layers": "exp:1,0.95"}),
        (
            "tempo=1,component=0,2,inject=0.3,inject-per=step,schedule=python:a.b:c.d,layers=top:3",
            *("tempo", 1.0),
            {
                "component": "0,2",
                "inject": 0.3,
                "inject_per": "step",
                "schedule": "python:a.b:c.d",
                "layers": "top:3",
            },
        ),
        ("tempo=1,inject_per=step", "tempo", 1.0, {"inject_per": "step"}),
    ],
)
def test_steer_option_is_parsed(text, name, coefficient, options):
    assert steer_option(text) == SteerOption(name, coefficient, options)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("note_C", "'note_C' must be NAME=COEFFICIENT"),
        ("=1", "must be NAME=COEFFICIENT"),
        ("note_C=loud", "'loud' is not a number"),
        ("note_C=nan", "'nan' is not a number"),
        ("note_C=1,layer=top:3", "has the unknown option 'layer': choose from layers, schedule"),
        ("note_C=1,inject=often", "inject must be a number from 0 to 1, not 'often'"),
        ("note_C=1,inject=1.5", "inject must be a number from 0 to 1, not '1.5'"),
        ("note_C=1,layers=all,layers=top:2", "gives layers twice"),
    ],
)
def test_invalid_steer_options_are_refused(text, words):
    with pytest.raises(MusicRFMError, match=words):
        steer_option(text)


def test_a_coefficient_may_be_bounded():
    assert steer_option("note_C=2", -2, 2).coefficient == 2
    with pytest.raises(MusicRFMError, match="'2.1' is not a number from -2 to 2"):
        steer_option("note_C=2.1", -2, 2)


def test_crossfade_option_is_parsed_or_refused():
    assert crossfade_option("note_C,note_G,5,10.5") == CrossfadeOption("note_C", "note_G", 5, 10.5)
    for text in ("note_C,note_G,5", "note_C,5,10", "a,b,x,1", "a,b,1,inf", ",b,1,1", ""):
        with pytest.raises(MusicRFMError, match="is not FROM,TO,START,SECONDS"):
            crossfade_option(text)
    for text in ("a,b,-1,1", "a,b,1,0"):
        with pytest.raises(MusicRFMError, match="start at 0 s or later and take more than 0 s"):
            crossfade_option(text)
