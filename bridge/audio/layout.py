"""The layout of the memory shared by Python and the sound card's callback."""

from __future__ import annotations

UNDERFLOW = 4  # PortAudio's paOutputUnderflow: the system did not call in time

# The memory that Python and the callback share begins with these numbers, as int64.
(
    POSITION,  # number of the sample that is due next,
    PHASE,  # and how far behind it, in UPths of a sample
    END,  # number of the sample after the last one there is
    PLAYING,
    ENDED,  # no more will come: running out is no underrun, and nothing is faded
    LEVEL,  # of the fade, up to FADE
    UNDERRUNS,
    CALLS,
    CALLED,  # when, by the card's clock, in ns
    LARGEST,  # so many frames were asked for at once at most
    XRUNS,
    FADE,  # frames
    UP,
    DOWN,  # DOWN samples make UP frames
    TAPS,  # of the resampler, for each of UP phases
    MASK,  # one less than the samples that there is room for
    CHANNELS,  # of the sound
    OUTPUTS,  # of the card
    FLOATS,  # how long this memory is
    HEADER,  # so many numbers; after them, as float32, the resampler's filters, the mix, the sound
) = range(20)
FILTERS = 2 * HEADER  # where they begin
