"""A MusicGen checkpoint: text in, audio in and out, hidden states.

Loads `nano`, a folder or a hub id, in any layout that `musicrfm.checkpoints` supports, always as
the `transformers` classes. The fast paths (`decoder`, `codec`) take their weights from here.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from functools import cached_property, partial
from threading import Lock
from typing import Any

import numpy as np
import soxr
import torch
import transformers
from torch import Tensor, nn

from musicrfm.checkpoints.finding import find
from musicrfm.checkpoints.loading import Loaded, load, settle
from musicrfm.checkpoints.mapped import Mapped, trim
from musicrfm.checkpoints.tensors import all_finite
from musicrfm.errors import MusicRFMError, short
from musicrfm.files.text import whole
from musicrfm.kernels.available import kernels
from musicrfm.runtime.compiled_step import is_gelu
from musicrfm.runtime.defaults import SamplingDefaults
from musicrfm.runtime.devices import device_of, holds, name_of, precision_of, wider
from musicrfm.runtime.packed import can_pack, check_int4, packed_kernels
from musicrfm.runtime.playable import PromptStates
from musicrfm.weights.decoder import Weights, packed
from musicrfm.weights.fingerprint import fingerprint, fingerprint_of
from musicrfm.weights.frugal import packed_alone
from musicrfm.weights.int8 import can_int8, check_int8, quantised

log = logging.getLogger(__name__)

_DECODER = "decoder."  # how the names of the decoder's tensors begin

SMALL_WIDTH = 512  # below this, a step is too little work to share between threads
CLOSED = 1000  # tokens: with a smaller vocabulary of whole words, the model knows no other words
WORD_BEGINS = "▁"  # of a token, in the tokenizers of T5's kind
LONGEST_TEXT = 256  # prompt tokens that a melody model reads; each occupies a cache position


class MusicModel:
    """A loaded model. Only `widen` changes its attributes later, so threads may share it.

    name: as in direction files. sample_rate (Hz), frame_rate (codec frames per second), frame_size
    (samples per frame). layers, width: of the decoder. codebooks: per frame, left and right
    together if channels is 2. codes: size of a codebook. window: number of positions the decoder
    was trained for. sampling: the model's sampling defaults. lead: number of positions that a
    prompt may occupy before the music; 0 except for melody models, of which only the text is used.
    plays_only: whether the decoder's matrices exist in packed form alone, so that streams can play
    but hidden states cannot be read; mapped: what of it is then read from its file again. graphs:
    whether its streams use CUDA graphs unless told otherwise.

        >>> from musicrfm import MusicModel
        >>> MusicModel.load("nano").layers
        6
    """

    def __init__(
        self,
        name: str,
        hf: transformers.MusicgenForConditionalGeneration
        | transformers.MusicgenMelodyForConditionalGeneration,
        tokenizer: transformers.PreTrainedTokenizerBase,
        int8: bool = False,
        int4: bool = False,
    ) -> None:
        decoder, codec = hf.config.decoder, hf.config.audio_encoder
        self.name, self.hf, self.tokenizer = name, hf, tokenizer
        self.int8, self.int4 = int8, int4
        self.plays_only, self.mapped = False, Mapped()
        self._size = sum(part.numel() for part in hf.decoder.parameters()) / 1e6
        self._widening = Lock()
        self._named: set[str] = set()  # unknown words that have been logged
        weight = hf.decoder.lm_heads[0].weight
        self.device: torch.device = weight.device
        self.dtype: torch.dtype = weight.dtype
        self.graphs: bool = self.device.type == "cuda"
        self.sample_rate: int = codec.sampling_rate
        self.frame_size: int = int(np.prod(codec.upsampling_ratios))
        self.frame_rate: int = round(self.sample_rate / self.frame_size)
        self.layers: int = decoder.num_hidden_layers
        self.width: int = decoder.hidden_size
        self.heads: int = decoder.num_attention_heads
        self.codebooks: int = decoder.num_codebooks
        self.codes: int = min(decoder.vocab_size, codec.codebook_size)
        self.channels: int = decoder.audio_channels * codec.audio_channels
        self.stereo_codes: bool = decoder.audio_channels == 2
        self.start_code: int = _start_code(hf)
        self.sampling = SamplingDefaults.of(hf.generation_config)
        self.lead: int = 0
        if hf.config.model_type == "musicgen_melody":
            self.lead = hf.config.chroma_length + LONGEST_TEXT
        # A default generation config has a max_length of 20 tokens, or none.
        limit = hf.generation_config.max_length or 0
        positions = decoder.max_position_embeddings
        self.window: int = min(positions, limit) if limit > 20 else positions
        per_channel = self.codebooks // decoder.audio_channels
        if per_channel > len(hf.audio_encoder.quantizer.layers):
            raise MusicRFMError(
                f"model {name!r} predicts {per_channel} codebooks a channel, but its codec has "
                f"only {len(hf.audio_encoder.quantizer.layers)}"
            )

    @classmethod
    def load(
        cls,
        name: str | os.PathLike[str] = "nano",
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        frugal: bool = False,
    ) -> MusicModel:
        """Load `nano`, a folder, or a hub id such as `facebook/musicgen-small`.

        device: `cuda` if present, else `cpu`; or any name that PyTorch accepts, such as `mps`.
        dtype: of the decoder alone, by default float32 on a CPU and float16 elsewhere; the codec is
        always float32, and so is the text encoder, except with int4. `int8` stores the decoder's
        matrices in 8 bits, on a CPU only: see `musicrfm.weights.int8`. `int4` is for large models
        on a CPU, and its text encoder is bfloat16. `auto` is for playing: int8 on a CPU whose steps
        run in machine code, otherwise the default. frugal: if the matrices are packed for machine
        code, keep nothing but what plays, see `plays_only`.

        Raises MusicRFMError if the model cannot be found, is damaged, is not a MusicGen, or cannot
        be quantised on this device.
        """
        place = device_of(device)
        auto, int8, int4 = dtype == "auto", dtype in ("int8", torch.int8), dtype == "int4"
        if int8:
            check_int8(place)
        if int4:
            check_int4(place)
        precision = precision_of("bfloat16" if int8 or int4 else None if auto else dtype, place)
        checkpoint = find(name)
        packs = place.type == "cpu" and packed_kernels() is not None
        frugal = frugal and packs and (auto or int8 or int4)
        loaded = load(checkpoint, frugal=frugal)
        hf, mapped = loaded.hf, loaded.mapped
        if auto and _best_in_int8(hf, place):
            int8, precision = True, torch.bfloat16
        if precision == torch.float16 and not holds(precision, hf.decoder.parameters()):
            precision = wider(place)
            log.warning(
                "weights of %s are too large for float16: its decoder runs in %s",
                checkpoint.name,
                name_of(precision),
            )
        dtypes = {hf.decoder: precision} | ({hf.text_encoder: torch.bfloat16} if int4 else {})
        layers = hf.decoder.model.decoder.layers
        frugal = frugal and (int8 or int4) and all(is_gelu(x.activation_fn) for x in layers)
        settle(hf, place, dtypes, mapped, (layers, hf.audio_encoder) if frugal else ())
        model = cls(checkpoint.name, hf, loaded.tokenizer, int8, int4)
        if frugal:
            own = partial(settle, place=place, dtypes={hf.decoder: precision}, mapped=mapped)
            _keep_what_plays(model, own, loaded)
        return model

    def __repr__(self) -> str:
        return (
            f"MusicModel({self.name!r}, {self.layers} layers of width {self.width}, "
            f"{self._size:.1f} million parameters in {self.precision}, on {self.device})"
        )

    @torch.inference_mode()
    def encode_prompt(self, text: str) -> PromptStates:
        """The text as the decoder reads it; "" means no prompt.

        Raises MusicRFMError if `text` is not a string.
        """
        if not isinstance(text, str):
            raise MusicRFMError(f"the prompt must be text, not {text!r}")
        text = whole(text)
        self._name_unknown(text)
        if not text:
            states = torch.zeros(1, 1, self.width, device=self.device, dtype=self.dtype)
            return PromptStates("", states, _lead(self, states))
        limit = {"max_length": min(LONGEST_TEXT, self.tokenizer.model_max_length)}
        tokens = self.tokenizer(
            [text], return_tensors="pt", truncation=True, **(limit if self.lead else {})
        ).to(self.device)
        states = self.hf.text_encoder(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
        ).last_hidden_state
        if hasattr(self.hf, "enc_to_dec_proj"):
            states = self.hf.enc_to_dec_proj(states.to(self.hf.enc_to_dec_proj.weight.dtype))
        states = states * tokens["attention_mask"][..., None]
        largest = torch.finfo(self.dtype).max
        states = states.clamp(-largest, largest).to(self.dtype)
        return PromptStates(text, states, _lead(self, states))

    def unknown_words(self, text: str) -> list[str]:
        """Words of a prompt that the model does not know, in their order, each once.

        Empty for a model that spells unknown words; only one with a small vocabulary of whole
        words, such as `nano`, has unknown words.
        """
        if not isinstance(text, str):
            raise MusicRFMError(f"the prompt must be text, not {text!r}")
        known = self._vocabulary
        words = re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text.lower())
        new = (word for word in words if len(word) > 1 and word not in known)
        return list(dict.fromkeys(new)) if known else []

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        """The whole words of a small vocabulary; empty for a model that spells."""
        pieces = self.tokenizer.get_vocab()
        if len(pieces) > CLOSED:
            return frozenset()
        words = {piece.removeprefix(WORD_BEGINS) for piece in pieces}
        return frozenset(word for word in words if len(word) > 1 and word.isalpha())

    def _name_unknown(self, text: str) -> None:
        new = [word for word in self.unknown_words(text) if word not in self._named]
        if new:
            self._named.update(new)
            log.warning(
                "%s does not know %s; it knows %s",
                self.name,
                ", ".join(map(repr, new)),
                ", ".join(sorted(self._vocabulary)),
            )

    @torch.inference_mode()
    def encode_audio(self, audio: np.ndarray, sample_rate: int) -> Tensor:
        """Audio as codes, int64 [codebooks, frames].

        audio: [samples] or [samples, channels] at any `sample_rate` in Hz. It is resampled, and
        mixed down or doubled to the model's channels. Raises MusicRFMError if it is empty or not
        finite.
        """
        audio = _samples(audio)
        if not (isinstance(sample_rate, (int, float, np.number)) and sample_rate > 0):
            raise MusicRFMError(f"the sample rate must be above 0 Hz, not {sample_rate!r}")
        if sample_rate != self.sample_rate:
            audio = soxr.resample(audio, sample_rate, self.sample_rate)
        if audio.shape[1] != self.channels:
            audio = np.repeat(audio.mean(1, keepdims=True), self.channels, axis=1)
        codec = self.hf.audio_encoder
        sound = torch.from_numpy(np.ascontiguousarray(audio.T)).to(self.device)  # [channels, n]
        if not self.stereo_codes:
            return codec.encode(sound[None]).audio_codes[0, 0, : self.codebooks]
        halves = codec.encode(sound[:, None]).audio_codes[0, :, : self.codebooks // 2]
        return halves.transpose(0, 1).reshape(self.codebooks, -1)  # left and right alternate

    @torch.inference_mode()
    def decode_codes(self, codes: Tensor) -> np.ndarray:
        """Codes [codebooks, frames] decoded in one pass: float32 [samples, channels]."""
        codes = _codes(codes, self.device)
        if codes.ndim != 2 or codes.shape[0] != self.codebooks or not codes.shape[1]:
            raise MusicRFMError(
                f"codes must have the shape [{self.codebooks}, frames], not {list(codes.shape)}"
            )
        _check_codes(codes, self.codes - 1)
        parts = (codes[::2], codes[1::2]) if self.stereo_codes else (codes,)
        audio = self.hf.audio_encoder.decode(torch.stack(parts)[None], [None]).audio_values
        return audio.reshape(self.channels, -1).T.float().cpu().numpy()

    @torch.inference_mode()
    def hidden_states(
        self, codes: Tensor, reduce: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """The decoder's hidden states for music: [layers, batch, frames, width], without a prompt.

        (A melody model reads the music after the placeholders for no melody and no text.)

        codes: [batch, codebooks, frames]. Row `t` is the output of each block after reading codes
        up to frame `t` in the delay pattern (codebook k up to frame t - k), before the final norm;
        `Steering` adds layer i of a direction to layer i of these. `reduce` turns a layer's [batch,
        frames, width] into the part to keep, before the next layer runs.

        Raises MusicRFMError if there are more frames than the decoder has positions.
        """
        codes = _codes(codes, self.device)
        if codes.ndim != 3 or codes.shape[1] != self.codebooks or not codes.numel():
            raise MusicRFMError(
                f"codes must have the shape [batch, {self.codebooks}, frames], not "
                f"{list(codes.shape)}"
            )
        if self.plays_only:
            raise MusicRFMError(
                f"model {self.name!r} was loaded to play only: load it again without frugal=True"
            )
        frames = codes.shape[2]
        if frames >= self.window:
            raise MusicRFMError(
                f"{frames} frames are too many for {self.name!r}: "
                f"its decoder reads {self.window - 1} at a time"
            )
        _check_codes(codes, max(self.codes - 1, self.start_code))
        inputs = self.delay(codes)
        outputs: list[Tensor] = []
        lead = self.encode_prompt("").lead
        before = (
            {} if lead is None else {"encoder_hidden_states": lead[1:].repeat(len(codes), 1, 1)}
        )

        def keep(module: torch.nn.Module, args: object, output: Tensor | tuple) -> None:
            states = (output[0] if isinstance(output, tuple) else output)[:, -frames:]
            outputs.append(states if reduce is None else reduce(states))

        decoder = self.hf.decoder.model.decoder
        hooks = [block.register_forward_hook(keep) for block in decoder.layers]
        try:
            decoder(inputs.flatten(0, 1), use_cache=False, **before)
        finally:
            for hook in hooks:
                hook.remove()
        states = torch.stack(outputs)
        if self.dtype == torch.float16 and not all_finite(states) and self.widen():
            return self.hidden_states(codes, reduce)
        return states

    def delay(self, codes: Tensor) -> Tensor:
        """Codes [batch, codebooks, frames] as decoder input [batch, codebooks, 1 + frames].

        Position 0 is the start code everywhere; codebook k is delayed by k frames (in stereo, left
        and right of a pair equally) and preceded by start codes.
        """
        batch, books, frames = codes.shape
        inputs = codes.new_full((batch, books, frames + 1), self.start_code)
        for book, late in enumerate(self.delays):
            inputs[:, book, 1 + late :] = codes[:, book, : max(0, frames - late)]
        return inputs

    @cached_property
    def decoder_weights(self) -> Weights:
        """The decoder's weights in the form of `StepDecoder`, computed once for all streams."""
        weights = Weights.of(self.hf, self.lead + self.window, self.codes)
        if not (self.int8 or self.int4):
            return weights
        if can_pack(weights):
            return packed(weights, 4 if self.int4 else 8)
        if self.int4:
            raise MusicRFMError(
                f"model {self.name!r} cannot be played in int4, because its activation is not "
                "gelu: use int8"
            )
        return quantised(weights)

    @cached_property
    def fingerprint(self) -> str:
        """Fingerprint of the decoder's weights, the same in every precision; directions refer to
        it."""
        return fingerprint(self.hf.decoder)

    @cached_property
    def whole_fingerprint(self) -> str:
        """Fingerprint of all weights, also those of the text encoder and the codec."""
        return fingerprint(self.hf)

    def widen(self) -> bool:
        """After values became too large for float16, switch to `devices.wider` and log it.

        Streams keep their weights until they request them again. Returns False if the decoder is
        not in float16, because widening would not help then.
        """
        with self._widening:
            if self.dtype != torch.float16:
                return False
            dtype = wider(self.device)
            self.__dict__.pop("decoder_weights", None)  # otherwise they would be in memory twice
            with torch.inference_mode(False), torch.no_grad():
                self.hf.decoder.to(dtype)
            self.dtype = dtype
        log.warning(
            "hidden states of %s became too large for float16: its decoder runs in %s from now on",
            self.name,
            name_of(dtype),
        )
        return True

    @property
    def precision(self) -> str:
        """The decoder's precision, as in `load`: `float32`, `bfloat16`, `float16`, `int8` or
        `int4`."""
        return "int8" if self.int8 else "int4" if self.int4 else name_of(self.dtype)

    @property
    def packed(self) -> bool:
        """Whether the decoder's matrices are in 8 or 4 bits."""
        return self.int8 or self.int4

    @property
    def small(self) -> bool:
        """Whether a step is so little work that one CPU thread is fastest."""
        return self.device.type == "cpu" and self.width <= SMALL_WIDTH

    @property
    def delays(self) -> list[int]:
        """Delay of each codebook in frames."""
        return [k // 2 if self.stereo_codes else k for k in range(self.codebooks)]


def _samples(given: Any) -> np.ndarray:
    """Audio as float32 [samples, channels]."""
    try:
        audio = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        raise MusicRFMError(f"audio must be an array, not {short(given)}") from None
    if audio.ndim not in (1, 2) or not audio.size or not np.isfinite(audio).all():
        raise MusicRFMError(
            "audio must be finite numbers of shape [samples] or [samples, channels], not "
            f"{audio.shape}"
        )
    return audio[:, None] if audio.ndim == 1 else audio


def _codes(given: Any, device: torch.device) -> Tensor:
    try:
        return torch.as_tensor(given, device=device).long()
    except (TypeError, ValueError, RuntimeError):
        raise MusicRFMError(f"codes must be an array of numbers, not {short(given)}") from None


def _check_codes(codes: Tensor, most: int) -> None:
    if codes.min() < 0 or codes.max() > most:
        raise MusicRFMError(f"codes must be from 0 to {most}")


def _lead(model: MusicModel, states: Tensor) -> Tensor | None:
    """The positions before the music: no melody, and the text or the same number of zeros."""
    if not model.lead:
        return None
    config = model.hf.config
    chroma = torch.zeros(1, config.num_chroma, device=model.device)
    chroma[:, 0] = 1.0  # marks that there is no melody
    if hasattr(model.hf, "audio_enc_to_dec_proj"):
        chroma = model.hf.audio_enc_to_dec_proj(chroma)
    silent = chroma.to(model.dtype).expand(2, config.chroma_length, -1)
    return torch.cat([silent, torch.cat([states, torch.zeros_like(states)])], 1)


def _start_code(hf: transformers.MusicgenForConditionalGeneration) -> int:
    """The id where a codebook has no code yet: generate's decoder_start_token_id, or the BOS id."""
    for config in (hf.generation_config, hf.config, hf.config.decoder):
        for key in ("decoder_start_token_id", "bos_token_id"):
            if isinstance(value := getattr(config, key, None), int):
                return value
    return hf.config.decoder.vocab_size


def _best_in_int8(hf: transformers.PreTrainedModel, device: torch.device) -> bool:
    """Whether the decoder's steps run in machine code, which is fastest with 8 bits.

    The loss is inaudible, see `docs/performance.md`.
    """
    gelu = hf.config.decoder.activation_function == "gelu"
    return device.type == "cpu" and gelu and can_int8() and kernels() is not None


def _keep_what_plays(model: MusicModel, own: Callable[[nn.Module], None], loaded: Loaded) -> None:
    """Pack the decoder of `model`, whose layers are still mapped, and keep nothing else of it.

    own: moves a layer from its file into memory. loaded: with the signs of all tensors.
    """
    model.plays_only, model.mapped = True, loaded.mapped
    inside = {n: s for n, s in loaded.signs.items() if n.startswith(_DECODER)}
    known = vars(model)  # what could no longer be computed
    known["whole_fingerprint"] = fingerprint_of(loaded.signs)
    known["fingerprint"] = fingerprint_of({n[len(_DECODER) :]: s for n, s in inside.items()})
    size, bits = model.lead + model.window, 4 if model.int4 else 8
    known["decoder_weights"] = packed_alone(model.hf, size, model.codes, bits, own)
    trim()
