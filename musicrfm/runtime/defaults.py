"""The default sampling settings of a model. Needs no PyTorch, which takes seconds to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Precisions of a decoder, as `MusicModel.load` takes them; auto chooses for playing.
DTYPES = ("auto", "float32", "bfloat16", "float16", "int8", "int4")
CACHES = ("int8", "int16")  # precisions of the cache beside int8 and int4; the first is usual
DEFAULT_PROMPT = "calm piano melody with drums"  # what plays where nothing was asked for
KEPT_PART = 3  # a window shorter than the model's begins with this part of the last one: a third


@dataclass(frozen=True)
class SamplingDefaults:
    """The default sampling settings of a model; without values of its own, MusicGen's.

    guidance_scale: 0 ignores the prompt, 1 is the model without guidance, more exaggerates the
    prompt. temperature: 0 always takes the most likely code. top_k: number of candidates for a
    code, 0: all.
    """

    guidance_scale: float = 3.0
    temperature: float = 1.0
    top_k: int = 250

    @classmethod
    def of(cls, generation_config: Any) -> SamplingDefaults:
        """Guidance and temperature from a checkpoint's generation config, where set.

        Its top-k is ignored: Hugging Face fills in 50 where none is set.
        """
        named = ("guidance_scale", "temperature")
        said = {name: getattr(generation_config, name, None) for name in named}
        kept: dict[str, Any] = {n: float(value) for n, value in said.items() if value is not None}
        return cls(**kept)
