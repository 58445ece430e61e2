"""Generates many pieces at once, for measurements and searches: the same music as `MusicStream`.

One step of the decoder reads its weights once for all pieces; each piece has its own prompt,
steering and random numbers. A batch is decoded to audio when all its codes exist. A small model in
int8 on a CPU fits into the cores' caches, so there each thread plays pieces by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from musicrfm.directions import Direction, checked_owner
from musicrfm.errors import MusicRFMError, whole_number
from musicrfm.executor import each_alone
from musicrfm.model import MusicModel
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.runtime.compiled_codec import CompiledCodec, can_compile
from musicrfm.runtime.decoder import joined
from musicrfm.runtime.playable import PromptStates
from musicrfm.runtime.sampling import Draws, guide, sample
from musicrfm.steering.batch import Pushes, Steerings, push
from musicrfm.steering.layers import Layers, layers_spec
from musicrfm.steering.schedules import Function
from musicrfm.steering.setting import Components, seeds_of
from musicrfm.steering.steering import Steering
from musicrfm.stream import MusicStream
from musicrfm.streaming.settings import checked_steer_guidance, window_and_keep
from musicrfm.weights.decoder import Weights
from musicrfm.weights.int8 import widened

AT_ONCE = 32  # frames that are decoded together: fewer or more would take longer
DECODED = 4  # pieces that PyTorch decodes together: its memory grows with them

Part = TypeVar("Part")
Coefficients = float | Sequence[float] | Sequence[Sequence[float]] | Sequence[Mapping[str, float]]


class Generated(NamedTuple):
    """A piece. audio: float32 [samples, channels]. codes: int64 [codebooks, frames]. settings: the
    settings of the piece, JSON-able."""

    audio: np.ndarray
    codes: Tensor
    settings: dict[str, Any]


def generate_many(
    model: MusicModel,
    prompts: str | Sequence[str],
    directions: str | Direction | Sequence[str | Direction] = (),
    coefficients: Coefficients = 1.0,
    seeds: int | Sequence[int] | np.ndarray = 0,
    *,
    seconds: float = 8.0,
    batch: int = 16,
    layers: Layers = "all",
    schedule: str | Function = "constant",
    inject: float = 1.0,
    inject_per: str = "layer",
    component: Components = 0,
    keep_norm: bool = False,
    guidance_scale: float | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    steer_guidance: str = "both",
) -> Iterator[Generated]:
    """Generate pieces of `seconds` each, `batch` at a time, in the order of the arguments.

        >>> from musicrfm import MusicModel, generate_many
        >>> model = MusicModel.load("nano")
        >>> for audio, codes, settings in generate_many(
        ...     model, "piano melody", "note_C", [0.0, 1.0], seeds=7, seconds=0.5
        ... ):
        ...     print(audio.shape, settings["coefficients"])
        (16000, 1) {'note_C': 0.0}
        (16000, 1) {'note_C': 1.0}

    prompts, coefficients, seeds: one for each piece, or one for all. coefficients: in the player's
    unit, where 1.0 is the top of the useful range. For one direction, a number per piece; for
    several, a sequence or a mapping per piece ([[0.5, 0.2], {"note_C": 1.0}]; missing names are
    0), or, for all pieces, one number per direction. Other settings: see `MusicStream` and
    `Steering.add`.

    Except for rounding, a piece equals the output of `MusicStream` with these settings. Pieces
    longer than the decoder's window continue as in a stream. Pieces of melody models, and pieces
    with logits that are not finite, are played one by one by `MusicStream`. Raises MusicRFMError
    for invalid arguments, before the first piece.
    """
    checked_owner(model)
    found = _directions(model, directions)
    listed = isinstance(prompts, Iterable) and not isinstance(prompts, str)
    texts: list[Any] = list(prompts) if listed else [prompts]
    numbers = _coefficients(coefficients, [one.name for one in found])
    chosen = seeds_of(seeds)
    for text in texts:
        if not isinstance(text, str):
            raise MusicRFMError(f"the prompt must be text, not {text!r}")
    pieces = _pieces(texts, numbers, chosen) if texts else []
    usual = model.sampling
    playing = {
        "guidance_scale": usual.guidance_scale if guidance_scale is None else guidance_scale,
        "temperature": usual.temperature if temperature is None else temperature,
        "top_k": usual.top_k if top_k is None else top_k,
        "steer_guidance": checked_steer_guidance(steer_guidance),
    }
    steer = {
        "layers": layers_spec(layers),
        "schedule": schedule,
        "inject": inject,
        "inject_per": inject_per,
        "component": component,
    }
    if not (isinstance(seconds, (int, float)) and 0 < seconds < math.inf):
        raise MusicRFMError(f"seconds must be a finite number above 0, not {seconds!r}")
    frames = max(1, round(seconds * model.frame_rate))
    session = _Session(model, found, steer, playing, keep_norm, frames)
    session.check(pieces)
    return session.play(pieces, whole_number("batch", batch, 1))


class _Piece(NamedTuple):
    prompt: str
    coefficients: dict[str, float]
    seed: int


class _Session:
    """The state shared by all pieces of one `generate_many` call."""

    def __init__(
        self,
        model: MusicModel,
        directions: Sequence[Direction],
        steer: dict[str, Any],
        playing: dict[str, Any],
        keep_norm: bool,
        frames: int,
    ) -> None:
        self.model, self.directions, self.steer = model, directions, steer
        self.playing, self.keep_norm, self.frames = playing, keep_norm, frames
        self._codecs: SimpleQueue[CompiledCodec] | None = None  # one a thread
        self._threads = 0

    def check(self, pieces: Sequence[_Piece]) -> None:
        """Raise the MusicRFMError that the first piece would raise."""
        if not pieces:
            raise MusicRFMError("the list of prompts is empty: give at least one")
        self._stream(pieces[0]._replace(prompt=""))
        for piece in pieces:
            self._steering(piece)

    def play(self, pieces: Sequence[_Piece], batch: int) -> Iterator[Generated]:
        waiting = iter(pieces)
        while some := list(islice(waiting, batch)):
            if self.model.lead:
                yield from map(self._alone, some)
                continue
            if self.model.small and self.model.packed:  # machine code, faster than a batch
                yield from each_alone(self._alone, some)
                continue
            codes, sound = self._codes(some)
            played = self._sound([one for one, well in zip(codes, sound, strict=True) if well])
            for piece, one, well in zip(some, codes, sound, strict=True):
                if well:
                    yield Generated(next(played), one.cpu(), self._settings(piece))
                else:
                    yield self._alone(piece)

    def _settings(self, piece: _Piece) -> dict[str, Any]:
        schedule = self.steer["schedule"]
        steer = self.steer | {"schedule": schedule if isinstance(schedule, str) else repr(schedule)}
        return {
            "model": self.model.name,
            "prompt": piece.prompt,
            "coefficients": piece.coefficients,
            "seed": piece.seed,
            "seconds": self.frames / self.model.frame_rate,
            "keep_norm": self.keep_norm,
            **steer,
            **self.playing,
        }

    def _stream(self, piece: _Piece) -> MusicStream:
        stream = MusicStream(self.model, piece.prompt, seed=piece.seed, **self.playing)
        stream.steering.keep_norm = self.keep_norm
        for one in self.directions:
            stream.steering.add(one, piece.coefficients[one.name], **self.steer)
        return stream

    def _alone(self, piece: _Piece) -> Generated:
        stream, sound, codes, have = self._stream(piece), [], [], 0
        while stream.frame < self.frames:
            sound.append(next(stream))
            complete = max(0, stream.frame - stream.delay_frames)
            codes.append(stream.codes[:, stream.codes.shape[1] - (complete - have) :])
            have = complete
        sound.append(stream.finish())
        ended = stream.codes
        codes.append(ended[:, ended.shape[1] - max(0, self.frames - have) :])
        audio = np.concatenate(sound)[: self.frames * self.model.frame_size]
        return Generated(audio, torch.cat(codes, 1)[:, : self.frames].cpu(), self._settings(piece))

    def _steering(self, piece: _Piece) -> Steering:
        steering = Steering.of(self.model)
        steering.keep_norm = self.keep_norm
        for one in self.directions:
            steering.add(one, piece.coefficients[one.name], **self.steer)
        return steering

    def _codes(self, pieces: Sequence[_Piece]) -> tuple[Tensor, list[bool]]:
        """Codes [pieces, codebooks, frames], and which pieces have finite logits throughout.

        The operations of a small model on a CPU are short, so every thread takes a part of the
        pieces.
        """
        if not self.model.small or self.model.device.type != "cpu":
            return self._codes_together(pieces)
        size = -(-len(pieces) // torch.get_num_threads())
        parts = [pieces[first : first + size] for first in range(0, len(pieces), size)]
        found = each_alone(self._codes_together, parts)
        return torch.cat([codes for codes, _ in found]), [one for _, well in found for one in well]

    @torch.inference_mode()
    def _codes_together(self, pieces: Sequence[_Piece]) -> tuple[Tensor, list[bool]]:
        """As `_codes`, in one batch."""
        model, frames = self.model, self.frames
        scale, temperature = float(self.playing["guidance_scale"]), self.playing["temperature"]
        prompts = {piece.prompt: model.encode_prompt(piece.prompt) for piece in pieces}
        heard = [prompts[piece.prompt] for piece in pieces]
        guided = scale != 1.0 and not all(prompt.unconditional for prompt in heard)
        seeds = [piece.seed for piece in pieces]
        steerings = Steerings([self._steering(piece) for piece in pieces], seeds)
        draws = [Draws(seed, model.codebooks) for seed in seeds]
        conditional = self.playing["steer_guidance"] == "conditional"
        delays = torch.tensor(model.delays, device=model.device)
        delay = max(model.delays)
        window, keep = window_and_keep(model, delay)
        decoder = _Decoder(model, heard, guided, conditional, window)
        inputs = torch.full(
            (len(pieces), model.codebooks, window + 1), model.start_code, device=model.device
        )
        chosen = inputs.new_zeros(len(pieces), model.codebooks, frames + delay)
        well = torch.ones(len(pieces), dtype=torch.bool, device=model.device)
        pushes: list[Pushes] = []  # of every position of the window
        position = 0
        for frame in range(frames + delay):
            if position == window:  # as `MusicStream._re_anchor`
                gone = window - keep
                inputs[:, :, : keep + 1] = inputs[:, :, gone:].clone()
                unknown = torch.arange(keep, device=model.device) <= delays[:, None]
                inputs[:, :, :keep].masked_fill_(unknown, model.start_code)
                pushes, position = pushes[gone:], keep
                decoder.read(inputs[:, :, :keep], 0, pushes)
            pushes.append(steerings.at(frame))
            logits = decoder.read(inputs[:, :, position : position + 1], position, pushes[-1:])
            logits = guide(logits, scale) if guided else logits[0]
            well &= logits.sum((1, 2)).isfinite()
            drawn = torch.from_numpy(np.stack([one.numbers(frame) for one in draws]))
            codes = sample(
                logits.nan_to_num(0.0, 0.0, 0.0).flatten(0, 1),
                drawn.flatten().to(model.device),
                temperature,
                self.playing["top_k"],
            ).view(len(pieces), -1)
            position += 1
            known = (frame >= delays) & (frame - delays < frames)
            inputs[:, :, position] = torch.where(known, codes, model.start_code)
            chosen[:, :, frame] = codes
        at = delays[:, None] + torch.arange(frames, device=model.device)
        return chosen.gather(2, at.expand(len(pieces), -1, -1)), well.tolist()

    @torch.inference_mode()
    def _sound(self, codes: Sequence[Tensor]) -> Iterator[np.ndarray]:
        """The audio of each piece, from codes [codebooks, frames]."""
        model = self.model
        if self._codecs is None:
            codec = StreamingCodec(model.hf.audio_encoder, model.codebooks, model.stereo_codes)
            threads = torch.get_num_threads() if can_compile(codec) else 0
            self._codecs = SimpleQueue()
            for _ in range(threads):
                own = StreamingCodec(model.hf.audio_encoder, model.codebooks, model.stereo_codes)
                self._codecs.put(CompiledCodec(own))
            self._threads = threads
        if not self._threads:
            for first in range(0, len(codes), DECODED):
                yield from _decoded(model, torch.stack(list(codes[first : first + DECODED])))
            return
        # Machine code does not hold Python's lock.
        with ThreadPoolExecutor(self._threads) as pool:
            yield from pool.map(self._play_codes, codes)

    @torch.inference_mode()
    def _play_codes(self, codes: Tensor) -> np.ndarray:
        assert self._codecs is not None, "`_sounds` has made them"
        codec = self._codecs.get()
        codec.reset()
        parts = [codec.push(some) for some in codes.split(AT_ONCE, 1)]
        sound = torch.cat([*parts, codec.flush()], 1)
        self._codecs.put(codec)
        return sound.nan_to_num(0.0, 0.0, 0.0).T.contiguous().numpy()


def _decoded(model: MusicModel, codes: Tensor) -> Iterator[np.ndarray]:
    """Codes [pieces, codebooks, frames] decoded in one pass, as by `MusicModel.decode_codes`."""
    sides = 2 if model.stereo_codes else 1
    # [pieces, codebooks, frames], of which left and right alternate -> [pieces * sides, ...]
    by_side = codes.view(len(codes), -1, sides, codes.shape[2]).transpose(1, 2).flatten(0, 1)
    sound = model.hf.audio_encoder.decode(by_side[None], [None] * len(by_side)).audio_values
    sound = sound.reshape(len(codes), model.channels, -1).transpose(1, 2)
    yield from sound.float().nan_to_num(0.0, 0.0, 0.0).cpu().numpy()


class _Decoder:
    """The decoder of many pieces at once; rows are the pieces with their prompts, then without."""

    def __init__(
        self,
        model: MusicModel,
        prompts: Sequence[PromptStates],
        guided: bool,
        conditional: bool,
        window: int,
    ) -> None:
        self.weights = weights = _plain(model)
        self.model, self.pieces = model, len(prompts)
        rows = self.pieces * (2 if guided else 1)
        self.told = torch.arange(rows, device=model.device) < self.pieces
        # Without a prompt both rows are the same half.
        alone = torch.tensor([prompt.unconditional for prompt in prompts], device=model.device)
        self._steered = self.told | alone.repeat(2)[:rows] if conditional else None
        self.dtype = weights.positions.dtype
        self._size = model.width // model.heads
        shape = (model.layers, 2, rows, model.heads, window, self._size)
        self._cache = torch.zeros(shape, device=model.device, dtype=self.dtype)
        tokens = max(prompt.states.shape[1] for prompt in prompts)
        states = torch.zeros(
            self.pieces, tokens, model.width, device=model.device, dtype=self.dtype
        )
        self._bias = states.new_full((self.pieces, 1, 1, tokens), -math.inf)
        for n, prompt in enumerate(prompts):
            states[n, : prompt.states.shape[1]] = prompt.states[0]
            self._bias[n, ..., : prompt.states.shape[1]] = 0.0
        self._prompt = [
            tuple(self._split(states @ _there(m).T) for m in (block.prompt_k, block.prompt_v))
            for block in weights.blocks
        ]

    def read(self, codes: Tensor, position: int, pushes: Sequence[Pushes]) -> Tensor:
        """Read codes [pieces, codebooks, n] from `position` on; returns the last position's logits,
        float32 [1 or 2, pieces, codebooks, codes], with and without the prompt."""
        weights, model = self.weights, self.model
        pieces, _, time = codes.shape
        rows, end = len(self.told), position + time
        x = weights.embedding[codes + weights.first_row].sum(1)
        x += weights.positions[position:end]
        x = x.repeat(rows // pieces, 1, 1).flatten(0, 1)
        linear, onto = weights.linear, weights.onto
        for i, block in enumerate(weights.blocks):
            qkv = linear(torch.layer_norm(x, *block.attention_norm), block.qkv)
            qkv = qkv.view(rows, time, 3, model.heads, self._size).permute(2, 0, 3, 1, 4)
            cache = self._cache[i, ..., :end, :]
            cache[..., position:, :] = qkv[1:]
            keys, values = cache
            y = F.scaled_dot_product_attention(qkv[0], keys, values, is_causal=time > 1)
            onto(x, joined(y), block.to_attended)
            reader = x[: pieces * time]
            q = linear(torch.layer_norm(reader, *_there(block.prompt_norm)), block.prompt_q)
            q = self._split(q.view(pieces, time, -1))
            keys, values = self._prompt[i]
            y = F.scaled_dot_product_attention(q, keys, values, self._bias)
            onto(reader, joined(y), block.to_prompted)
            y = linear(torch.layer_norm(x, *block.feed_norm), block.feed)
            onto(x, block.activation(y), block.to_fed)
            push(x.view(rows, time, -1), pushes, i, self._steered)
        x = torch.layer_norm(x.view(rows, time, -1)[:, -1], *weights.norm)
        return linear(x, weights.heads).view(rows // pieces, pieces, model.codebooks, -1).float()

    def _split(self, x: Tensor) -> Tensor:
        """[pieces, time, width] -> [pieces, heads, time, size]"""
        return x.view(*x.shape[:2], self.model.heads, self._size).transpose(1, 2)


def _plain(model: MusicModel) -> Weights:
    """The decoder's weights in the type in which PyTorch multiplies many rows fastest.

    On a CPU that is float32: 8 and 16 bits pay off for few rows only, where reading the weights
    dominates.
    """
    weights = model.decoder_weights
    exact = not model.small or (model.dtype == torch.float32 and not model.int8)
    return weights if exact else widened(weights)


# ---- arguments ----


def _directions(model: MusicModel, given: Any) -> list[Direction]:
    listed = isinstance(given, Iterable) and not isinstance(given, str)
    several = list(given) if listed else [given]
    found = [one if isinstance(one, Direction) else Direction.load(one, model) for one in several]
    for one in found:
        one.check(model)
    if len({one.name for one in found}) < len(found):
        raise MusicRFMError("the same direction is given twice: give each one once")
    return found


def _there(part: Part | None) -> Part:
    """The cross-attention, which every model here has."""
    assert part is not None, "a melody model is played by `MusicStream`"
    return part


def _coefficients(given: Coefficients, names: Sequence[str]) -> list[dict[str, float]]:
    """The coefficients of each piece; a single one is for all."""
    several: list[Any] = list(given) if isinstance(given, (Sequence, np.ndarray)) else [given]
    plain = not any(isinstance(one, (Sequence, Mapping, np.ndarray)) for one in several)
    if plain and len(names) > 1 and len(several) in (1, len(names)):
        several = [several * (len(names) if len(several) == 1 else 1)]
    found = []
    for one in several:
        if isinstance(one, Mapping):
            if unknown := sorted(set(one) - set(names)):
                raise MusicRFMError(
                    f"a coefficient is given for {unknown[0]!r}, which is not among the directions"
                )
            found.append({name: one.get(name, 0.0) for name in names})
            continue
        numbers = list(one) if isinstance(one, (Sequence, np.ndarray)) else [one] * bool(names)
        if len(numbers) != len(names):
            raise MusicRFMError(
                f"{len(numbers)} coefficients do not fit {len(names)} directions: give a number "
                "for each direction, in a list for each piece"
            )
        found.append(dict(zip(names, numbers, strict=True)))
    return found


def _pieces(
    prompts: Sequence[str], coefficients: Sequence[dict[str, float]], seeds: Sequence[int]
) -> list[_Piece]:
    """One value for each piece; a single value is repeated."""
    counts = {
        "prompts": len(prompts),
        "coefficients": len(coefficients),
        "seeds": len(seeds),
    }
    count = max(counts.values())
    if unfit := [name for name, n in counts.items() if n not in (1, count)]:
        raise MusicRFMError(
            f"{counts[unfit[0]]} {unfit[0]} do not fit {count} pieces: give one for each, or one"
        )

    def of(things: Sequence[Any], n: int) -> Any:
        return things[n if len(things) > 1 else 0]

    return [_Piece(of(prompts, n), of(coefficients, n), of(seeds, n)) for n in range(count)]
