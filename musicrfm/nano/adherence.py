"""Whether the prompted instrument is still audible, judged by a classifier.

It knows nano's instruments from rendered clips that passed through nano's codec, not from generated
ones (`musicrfm.nano.instruments`). Its results for other instruments are meaningless.
"""

from __future__ import annotations

import numpy as np

from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.takes import Listener
from musicrfm.nano import instruments

LEFT_OUT = 1.0  # seconds at the start, which the classifier was not trained on
SHORTEST = 3.0  # seconds that a clip must last to be judged


def instrument_listener() -> Listener:
    """`instrument_odds`. Raises MusicRFMError if the classifier's file is missing."""
    if not instruments.FITTED.is_file():
        raise MusicRFMError(
            f"--adherence needs {instruments.FITTED}, which `python -m musicrfm.nano` makes"
        )
    return instrument_odds


def instrument_odds(audio: np.ndarray, sample_rate: int) -> dict[str, float]:
    """The likelihood of each instrument as the lead of a clip; they sum to 1. audio: [samples],
    mono."""
    heard = np.asarray(audio, np.float32)[round(LEFT_OUT * sample_rate) :]
    return instruments.odds(heard, sample_rate)


vars(instrument_odds).update(
    version=2
)  # of what it learned: takes judged by another are not used again
