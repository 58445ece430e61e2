"""What each published MusicGen takes in memory: the numbers in docs/models.md.

    python benchmarks/model_memory.py musicgen-small --dtype bfloat16

Builds a model of exactly that shape with random weights, plays a little, and prints one line: how
many parameters, what the weights take, and the most memory that the process has ever held. Nothing
is downloaded or written.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import torch
import transformers

from musicrfm.model import MusicModel
from musicrfm.published.sizes import PUBLISHED, config
from musicrfm.runtime.backends import decoder_for
from musicrfm.stream import MusicStream

GIB = 2**30


class Letters:
    """In place of the tokenizer, which only the hub has: a token a letter."""

    model_max_length = 512

    def __call__(self, texts: list[str], **options: object) -> transformers.BatchEncoding:
        ids = torch.tensor([[ord(letter) % 32_000 for letter in text] for text in texts])
        tokens = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        return transformers.BatchEncoding(tokens)


def build(
    name: str,
    dtype: torch.dtype,
    layers: int | None = None,
    text_encoder: transformers.T5EncoderModel | None = None,
    codec: transformers.EncodecModel | None = None,
) -> MusicModel:
    """A model of a published shape, perhaps with fewer layers, or with parts that are there.

    The decoder's weights never exist in any other precision.
    """
    shape, melody = config(name, layers), PUBLISHED[name].melody
    shape.decoder._attn_implementation = "sdpa"
    kind = "MusicgenMelody" if melody else "Musicgen"
    with torch.device("meta"):
        decoder = getattr(transformers, f"{kind}ForCausalLM")(shape.decoder).to(dtype)
    decoder.to_empty(device="cpu")
    decoder.model.decoder.embed_positions.make_weights(2048, shape.decoder.hidden_size)
    noise = torch.empty(1_000_003, dtype=dtype).uniform_(-0.02, 0.02)  # prime, so no rows repeat
    with torch.no_grad():
        for weight in decoder.parameters():
            for part in weight.view(-1).split(len(noise)):
                part.copy_(noise[: len(part)])
            weight._is_hf_initialized = True  # or else it would be drawn again
    for module in decoder.modules():
        module._is_hf_initialized = True
    hf = getattr(transformers, f"{kind}ForConditionalGeneration")(
        text_encoder=text_encoder or transformers.T5EncoderModel(shape.text_encoder),
        audio_encoder=codec or transformers.EncodecModel(shape.audio_encoder),
        decoder=decoder,
    )
    with torch.no_grad():
        for layer in hf.audio_encoder.quantizer.layers:
            layer.codebook.embed.normal_()
    hf.generation_config.max_length = 1500
    hf.generation_config.decoder_start_token_id = 2048
    return MusicModel(name, hf.eval().requires_grad_(False), Letters())


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("name", choices=PUBLISHED)
    p.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    p.add_argument("--frames", type=int, default=25, help="how long a piece to play")
    o = p.parse_args()
    before = peak()
    model = build(o.name, getattr(torch, o.dtype))
    weights = {w.data_ptr(): w.nbytes for w in model.hf.state_dict().values()}
    decoder = decoder_for(model)
    decoder.set_prompt(model.encode_prompt("a short test of a long model"))
    decoder.guided = True
    start = torch.full((model.codebooks, 1), model.start_code)
    finite = bool(decoder.step(start, 0).isfinite().all())
    del decoder
    stream = MusicStream(model, "a short test of a long model")
    caches = [window.decoder.cache for window in (stream._window, stream._next)]
    for cache in caches:
        cache.zero_()  # memory that was never written is not there yet
    began = time.monotonic()
    audio = stream.generate(o.frames)
    told = {
        "model": o.name,
        "dtype": o.dtype,
        "layers": model.layers,
        "width": model.width,
        "decoder_parameters": sum(w.numel() for w in model.hf.decoder.parameters()),
        "weights_gib": round(sum(weights.values()) / GIB, 2),
        "cache_gib": round(sum(cache.nbytes for cache in caches) / GIB, 2),
        "peak_gib": round(peak() / GIB, 2),
        "peak_before_gib": round(before / GIB, 2),
        "finite": finite and stream.faults == 0,
        "samples": list(audio.shape),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(told))


def peak() -> int:
    """Bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
