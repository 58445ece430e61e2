"""Reading lists of outputs, and the mixing matrix that they give."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.routing import apart, mix, outputs
from musicrfm.errors import MusicRFMError


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("3,4", (3, 4)),
        (" 3 , 4 ", (3, 4)),
        ("3-4", (3, 4)),
        ("3 – 4", (3, 4)),
        ("3/4", (3, 4)),
        ("4,3", (4, 3)),
        ("2", (2,)),
        ("1-2,7,8", (1, 2, 7, 8)),
        ([3, 4], (3, 4)),
        (2, (2,)),
    ],
)
def test_output_lists_are_read_in_common_notations(wanted, numbers):
    assert outputs(wanted) == numbers


@pytest.mark.parametrize(
    "wanted",
    ["", "0", "-1", "4-3", "a", "3.5", "3;x", "1-99999", "9" * 5000, 0, -1, [], [0], [True], True]
    + [[3.0], ["3"], "٣"],
)
def test_invalid_output_list_is_refused_in_a_short_sentence(wanted):
    with pytest.raises(
        MusicRFMError, match="is not a list of output numbers, counted from 1, as in 3,4"
    ) as info:
        outputs(wanted)
    assert len(str(info.value)) < 120


def test_duplicate_outputs_and_overlap_with_the_cue_are_refused():
    with pytest.raises(MusicRFMError, match="output 3 is named twice in '3,3'"):
        outputs("3,3")
    with pytest.raises(MusicRFMError, match="output 2 cannot have both"):
        apart(None, (2, 3))
    with pytest.raises(MusicRFMError, match="output 5 cannot have both"):
        apart((5, 6), (4, 5))
    apart((3, 4), (1, 2))
    apart(None, None)


def test_output_pairs_get_one_channel_each_and_a_single_output_the_mono_mix():
    np.testing.assert_array_equal(mix(2, (3, 4), (), 4), [[0, 0], [0, 0], [1, 0], [0, 1]])
    np.testing.assert_array_equal(mix(2, (4, 3), (), 4), [[0, 0], [0, 0], [0, 1], [1, 0]])
    np.testing.assert_array_equal(mix(2, (2,), (), 2), [[0, 0], [0.5, 0.5]])
    np.testing.assert_array_equal(mix(1, (1, 2), (), 3), [[1], [1], [0]])
    np.testing.assert_array_equal(mix(2, (1, 2, 3, 4), (), 4), [[1, 0], [0, 1], [1, 0], [0, 1]])


def test_cue_uses_the_channels_after_the_music():
    np.testing.assert_array_equal(
        mix(2, (1,), (3, 4), 4), [[0.5, 0.5, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    )
    np.testing.assert_array_equal(mix(1, (1,), (2,), 2), [[1, 0], [0, 1]])
