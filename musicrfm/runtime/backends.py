"""Chooses the fastest implementation of a decoder step for a model.

`StepDecoder` is the plain reference. A backend shares its tensors: it is created from a decoder and
called with codes [codebooks, 1] and their position in the cache, and returns logits float32 [rows,
codebooks, codes]. A new backend needs a file and a line in `BACKENDS`, and serves weights in 16 or
32 bits. Packed weights have a separate decoder with its own cache, see `musicrfm.runtime.packed`.
On a GPU, the stream records its steps as CUDA graphs instead, see `musicrfm.runtime.static_step`.
"""

from __future__ import annotations

from musicrfm.errors import MusicRFMError
from musicrfm.runtime import compiled_step
from musicrfm.runtime.decoder import StepDecoder
from musicrfm.runtime.defaults import CACHES
from musicrfm.runtime.packed import PackedDecoder
from musicrfm.runtime.playable import Playable

# (test whether it supports a model, constructor from a decoder), in order of preference.
BACKENDS = ((compiled_step.can_compile, compiled_step.CompiledStep),)


def decoder_for(
    model: Playable, window: int | None = None, cache: str | None = None
) -> StepDecoder:
    """A decoder for one stream, with the fastest steps available for this model here.

    window: number of cache positions, by default the model's. cache: precision of the cache of
    packed weights, of `CACHES`; None for the usual one. Raises MusicRFMError for another one, and
    where the weights are not packed.
    """
    packed = model.decoder_weights.packed is not None
    if cache is not None and (cache not in CACHES or not packed):
        raise MusicRFMError(
            f"the cache cannot be {cache!r}: a decoder in int8 or int4 that runs in machine code "
            f"has {' or '.join(CACHES)}; others have the precision of the decoder"
        )
    if packed:
        return PackedDecoder(model, window, cache or CACHES[0])
    decoder = StepDecoder(model, window)
    for can_play, backend in BACKENDS:
        if can_play(model):
            decoder.faster = backend(decoder)
            break
    return decoder
