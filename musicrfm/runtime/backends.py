"""Which way of computing a step a model is best played with.

`StepDecoder` is the plain reference. A backend reads and writes its tensors: it is made of a
decoder, and called with codes [codebooks, 1] and their position in the cache, for the logits
float32 [rows, codebooks, codes]. Another one needs a file of its own and a line in `BACKENDS`.
Packed weights have a decoder of their own, with its own cache, see `musicrfm.runtime.packed`. On a
GPU the stream records its steps as CUDA graphs instead, see `musicrfm.runtime.static_step`.
"""

from __future__ import annotations

from musicrfm.runtime import compiled_step
from musicrfm.runtime.decoder import StepDecoder
from musicrfm.runtime.packed import PackedDecoder
from musicrfm.runtime.playable import Playable

# (whether it can play a model, what makes it of a decoder); the first that can is taken.
BACKENDS = ((compiled_step.can_compile, compiled_step.CompiledStep),)


def decoder_for(model: Playable, window: int | None = None) -> StepDecoder:
    """A decoder of one stream, with the fastest steps that there are for this model here.

    window: positions of its cache, the model's own by default.
    """
    if model.decoder_weights.packed is not None:
        return PackedDecoder(model, window)
    decoder = StepDecoder(model, window)
    for can_play, backend in BACKENDS:
        if can_play(model):
            decoder.faster = backend(decoder)
            break
    return decoder
