"""The layout of the memory shared by Python and the sound card's callback."""

from __future__ import annotations

UNDERFLOW = 4  # PortAudio's paOutputUnderflow: the system did not call in time

# The memory that Python and the callback share begins with these numbers, as int64.
(
    POSITION,  # number of the sample that is due next,
    PHASE,  # and how far behind it, in UPths of a sample
    END,  # number of the sample after the last one there is
    PLAYING,
    ENDED,  # no more audio will come: an empty buffer is no underrun, and nothing is faded
    LEVEL,  # of the fade, up to FADE
    UNDERRUNS,
    CALLS,
    CALLED,  # time of the latest call, by the card's clock, in ns
    LARGEST,  # the largest number of frames requested at once
    XRUNS,
    FADE,  # frames
    UP,
    DOWN,  # DOWN samples make UP frames
    TAPS,  # of the resampler, for each of UP phases
    MASK,  # capacity in samples, less one
    CHANNELS,  # of the sound
    OUTPUTS,  # of the card
    FLOATS,  # length of this memory
    HEADER,  # count of numbers; then, as float32, the resampler's filters, the mix, the audio
) = range(20)
FILTERS = 2 * HEADER  # position of the filters
