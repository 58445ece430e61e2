"""Is the instrument that a prompt asks for still heard? Asked of a classifier that is no listener.

It knows nano's instruments, from rendered clips that went through nano's codec and never from
generated ones (`musicrfm.nano.instruments`). Of other instruments it says nothing useful.
"""

from __future__ import annotations

import numpy as np

from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.takes import Listener
from musicrfm.nano import instruments

LEFT_OUT = 1.0  # seconds at the beginning, which the classifier did not learn from
SHORTEST = 3.0  # seconds that a clip must last to be judged


def instrument_listener() -> Listener:
    """`instrument_odds`; raises MusicRFMError if the classifier is not there."""
    if not instruments.FITTED.is_file():
        raise MusicRFMError(
            f"--adherence needs {instruments.FITTED}, which `python -m musicrfm.nano` makes"
        )
    return instrument_odds


def instrument_odds(audio: np.ndarray, sample_rate: int) -> dict[str, float]:
    """How likely each instrument leads a clip; they sum to 1. audio: [samples], mono."""
    heard = np.asarray(audio, np.float32)[round(LEFT_OUT * sample_rate) :]
    return instruments.odds(heard, sample_rate)


vars(instrument_odds).update(
    version=2
)  # of what it learned: takes judged by another are not used again
