"""The bytes that a step reads, from a model's shape: the lower limit of its time on a CPU.

A step reads all weights of its layers and heads once, for any number of rows, and, for each row,
all earlier positions of the cache.
"""

from __future__ import annotations

from dataclasses import dataclass

from musicrfm.weights.decoder import bits_of

# Bytes per weight, including scales, and per value in the cache, including scales.
WEIGHT = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "int8": 1.0, "int4": 0.5 + 2 / 32}
CACHED = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
CACHED_PACKED = 1.0


@dataclass(frozen=True)
class Shape:
    """The shape of a decoder. wide: of the feed-forward layers. prompted: whether each layer reads
    the prompt."""

    layers: int
    width: int
    heads: int
    wide: int
    codebooks: int = 4
    codes: int = 2048
    prompted: bool = True

    @property
    def read_weights(self) -> int:
        """Number of weights that each step reads."""
        layer = (4 + (2 if self.prompted else 0)) * self.width + 2 * self.wide
        return self.layers * layer * self.width + self.codebooks * self.codes * self.width

    def weight_bytes(self, dtype: str) -> float:
        """Bytes of these weights. In int4, some layers and the heads have 8 bits, see
        `musicrfm.weights.decoder`."""
        heads = self.codebooks * self.codes * self.width
        if dtype != "int4":
            return self.read_weights * WEIGHT[dtype]
        bits = [bits_of(4, layer, self.layers) for layer in range(self.layers)]
        layer = (self.read_weights - heads) / self.layers
        return heads * WEIGHT["int8"] + sum(layer * WEIGHT[f"int{each}"] for each in bits)

    def cache_bytes(self, dtype: str, guided: bool = True) -> float:
        """Bytes of one position of the cache, in all layers."""
        scale = 4 * self.heads / self.width  # one of a head and position, float32
        each = CACHED[dtype] if dtype in CACHED else CACHED_PACKED + scale
        return (2 if guided else 1) * self.layers * 2 * self.width * each

    def step_bytes(self, dtype: str, positions: float, guided: bool = True) -> float:
        """Bytes that a step reads after this number of positions."""
        return self.weight_bytes(dtype) + positions * self.cache_bytes(dtype, guided)

    @classmethod
    def of(cls, model) -> Shape:
        """model: a `MusicModel`."""
        wide = model.hf.config.decoder.ffn_dim
        return cls(
            model.layers,
            model.width,
            model.heads,
            wide,
            model.codebooks,
            model.codes,
            not model.lead,
        )
