"""How a model is played unless something else is said. Needs no PyTorch, which starts slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Precisions of a decoder, as `MusicModel.load` takes them; auto chooses for playing.
DTYPES = ("auto", "float32", "bfloat16", "float16", "int8", "int4")


@dataclass(frozen=True)
class SamplingDefaults:
    """How a model is played unless something else is said; MusicGen's values by default.

    guidance_scale: 0 ignores the prompt, 1 follows it plainly, more exaggerates it. temperature: 0
    always takes the likeliest code. top_k: how many candidates a code is chosen from, 0: all.
    """

    guidance_scale: float = 3.0
    temperature: float = 1.0
    top_k: int = 250

    @classmethod
    def of(cls, generation_config: Any) -> SamplingDefaults:
        """Guidance and temperature as a checkpoint's generation config says, where it does.

        Its top-k is not read: Hugging Face fills in 50 for checkpoints that say nothing.
        """
        named = ("guidance_scale", "temperature")
        said = {name: getattr(generation_config, name, None) for name in named}
        kept: dict[str, Any] = {n: float(value) for n, value in said.items() if value is not None}
        return cls(**kept)
