"""Endless music from a model, a chunk at a time, with everything changeable between two frames.

Each frame: ask the steering for its offset, run the decoder one position on, choose codes, and hand
the frame that the delay pattern has completed to the codec. When the decoder's window is full, the
music goes on in a second one, which has read the last seconds from position 0 by then. Where the
piece stands is a small state, and it can be sent back to any state of the last seconds.
"""

from __future__ import annotations

import logging
import math
import operator
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from musicrfm.continuation import opening
from musicrfm.errors import MusicRFMError
from musicrfm.files.captured import HalfFile
from musicrfm.model import MusicModel
from musicrfm.prompts import blend, checked_weights, coarse
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.runtime.compiled_codec import CompiledCodec, can_compile
from musicrfm.runtime.decoder import Push
from musicrfm.runtime.early import EarlySound
from musicrfm.runtime.graphs import Recorder
from musicrfm.runtime.packed_codec import PackedCodec, can_pack
from musicrfm.runtime.playable import PromptStates
from musicrfm.runtime.sampling import Draws, guide, sample
from musicrfm.runtime.static_codec import StaticCodec
from musicrfm.runtime.static_step import Choice, StaticStep
from musicrfm.steering.layers import layer_numbers
from musicrfm.steering.steering import Steering

KEEP_SECONDS = 10.0
LEAD = 10  # over so many positions the next window is read ahead, a bit at each
PROMPTS_KEPT = 16  # encoded, in case they are played again
AT_ONCE = 32  # so many frames of a file are decoded together: fewer or more would take longer
AGAIN_FRAMES = 50  # after logits that are not finite, until what led to them is tried again
QUIET_FRAMES = 500  # without such logits, until they are said again
UNSEEN = 16  # so many frames a GPU may be given before its sound is looked at
STEER_GUIDANCE = ("both", "conditional")

log = logging.getLogger(__name__)


class _Window:
    """What the decoder sees: a cache, what was read into it, and how that was steered.

    `uses` counts how often it was begun anew: what was known of it before is gone.
    """

    def __init__(self, model: MusicModel, size: int) -> None:
        self.decoder = decoder_for(model, size)
        # What is read at each position, one column more to write ahead.
        self.inputs = torch.zeros(model.codebooks, size + 1, dtype=torch.long, device=model.device)
        self.pushes: list[Push] = []  # how each position has been steered
        self.heard: PromptStates | None = None  # the prompt that the decoder reads
        self.uses = 0
        self.static: StaticStep | None = None  # does the steps, where they are CUDA graphs


@dataclass(frozen=True)
class StreamState:
    """Where a piece stands and how it is played; see `MusicStream.state`."""

    window: _Window
    uses: int
    position: int
    prepared: int
    guided: bool
    frame: int
    seed: int
    draws: Draws
    codec: tuple
    steering: object
    settings: tuple


class MusicStream:
    """An iterator over sound that never ends.

    Each chunk is float32 [samples, channels] at `model.sample_rate`, finite and never empty. It is
    `chunk_frames` frames long, only the first may be longer; before it come the frames that the
    delay pattern and the codec need ahead.

    `steering`, `guidance_scale`, `temperature`, `top_k`, `steer_guidance`, `set_prompt` and
    `set_prompts` may be used at any time from any thread, and count from the next frame on. The
    same seed with the same changes at the same frames gives the same sound. Iterating, `restart`,
    `generate` and `finish` are for one thread.

    guidance_scale, temperature and top_k are the model's own (`MusicModel.sampling`) by default.
    guidance_scale: 0 ignores the prompt, 1 follows it plainly, more exaggerates it. temperature: 0
    or more; 0 always takes the likeliest code. top_k: how many of the likeliest codes may be taken,
    0 for all. steer_guidance: which of guidance's two halves is steered, "both", as in MusicRFM, or
    only the "conditional" one, which reads the prompt; without guidance there is just one half, and
    that is steered. early: the sound comes by the codec's lookahead (80 ms) sooner, but is not
    quite exact, see `musicrfm.runtime.early`. window_seconds: how much music the decoder sees at
    most; the model's own by default. keep_seconds: how much of it stays when the window is full; 10
    by default, and at most half the window. graphs: whether a frame is worked out on tensors that
    stay where they are, on a GPU as CUDA graphs; by default on a GPU, see `docs/gpu.md`. Values
    that cannot be used raise MusicRFMError.

    continue_from: a sound file, or codes [codebooks, frames], of which the last 8 seconds (and at
    most half the window) are read as if they had been played; the music goes on from there.
    hear_take: they are heard before it, though not again after a restart.

    capture: numbers of layers, or "all", whose outputs are written while it plays, float16 [frames,
    layers, width], into the NumPy file capture_to: those of the row that reads the prompt, after
    steering. The file is whole at any moment. Playing takes longer then, as machine code does not
    tell them.
    """

    def __init__(
        self,
        model: MusicModel,
        prompt: str = "",
        *,
        seed: int = 0,
        guidance_scale: float | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        steer_guidance: str = "both",
        early: bool = False,
        chunk_frames: int = 1,
        window_seconds: float | None = None,
        keep_seconds: float | None = None,
        graphs: bool | None = None,
        continue_from: str | os.PathLike[str] | Tensor | None = None,
        hear_take: bool = False,
        capture: str | Sequence[int] | None = None,
        capture_to: str | os.PathLike[str] | None = None,
    ) -> None:
        if isinstance(model, (str, os.PathLike)):
            raise MusicRFMError(f"{model!r} is no model yet: load it, MusicModel.load({model!r})")
        self.model = model
        self.chunk_frames = _whole("chunk_frames", chunk_frames, 1)
        usual = model.sampling
        self.guidance_scale = usual.guidance_scale if guidance_scale is None else guidance_scale
        self.temperature = usual.temperature if temperature is None else temperature
        self.top_k = usual.top_k if top_k is None else top_k
        self.steer_guidance = steer_guidance
        self.delay_frames: int = max(model.delays)  # between a frame's first code and its last
        self.window, self.keep = window_and_keep(
            model, self.delay_frames, window_seconds, keep_seconds
        )
        self.take: Tensor | None = None  # codes that the piece goes on from
        if continue_from is not None:
            self.take = opening(model, continue_from, self.window // 2)
        self._hear_take = hear_take
        # The offset that could not be used, and the frames from which it may be tried again, from
        # which the window may be read again, and from which all that is said again.
        self._refused: object = None
        self._steer_at = self._read_at = self._quiet_until = 0
        self.faults = 0  # frames that steering or the model made unusable; see _choose
        self.steering = Steering(
            model.layers,
            model.width,
            model.name,
            model.device,
            model.dtype,
            model.frame_rate,
            model.fingerprint,
        )
        self._window, self._next = _Window(model, self.window), _Window(model, self.window)
        self._codec = StreamingCodec(model.hf.audio_encoder, model.codebooks, model.stereo_codes)
        self._capture = _capture(model, capture, capture_to)
        self._graphs = model.device.type == "cuda" if graphs is None else graphs
        self._graphs = self._graphs and self._capture is None
        self.graphs_lost = ""  # why they are done without, where they were wanted
        if self._graphs:
            self._record()
        if not self._graphs and can_compile(self._codec):
            self._codec = CompiledCodec(self._codec)
        elif not self._graphs and model.packed and can_pack(self._codec):
            self._codec = PackedCodec(self._codec)
        self._early = EarlySound(self._codec) if early and self._codec.latency else None
        self._delays = torch.tensor(model.delays, device=model.device)
        self._books = torch.arange(model.codebooks, device=model.device)
        # Of the frames that lack codebooks yet: how many positions later each of their codes comes.
        self._places = self._delays[:, None] + torch.arange(
            1, self.delay_frames + 1, device=model.device
        )
        self._unsteered = Push(self.steering.nothing)
        self._silence = torch.zeros(model.channels, 0, device=model.device)
        self._encoded: dict[str, PromptStates] = {}
        self._blended: tuple[list[tuple[str, float]], PromptStates] | None = None
        self.set_prompt(prompt)
        self.seed = _whole("seed", seed)
        self.restart()
        self._hear_take = False

    def __repr__(self) -> str:
        return (
            f"MusicStream({self.prompt!r} by {self.model.name} on {self.model.device}, "
            f"seed {self.seed}, frame {self.frame}, guidance {self.guidance_scale:g}, "
            f"temperature {self.temperature:g}, top-k {self.top_k}, steers {self.steering})"
        )

    # ---- any thread ----

    @property
    def guidance_scale(self) -> float:
        return self._guidance_scale

    @guidance_scale.setter
    def guidance_scale(self, value: float) -> None:
        self._guidance_scale = _number("guidance_scale", value)

    @property
    def temperature(self) -> float:
        return self._temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature = _number("temperature", value)

    @property
    def top_k(self) -> int:
        return self._top_k

    @top_k.setter
    def top_k(self, value: int) -> None:
        self._top_k = _whole("top_k", value, 0)

    @property
    def steer_guidance(self) -> str:
        return self._steer_guidance

    @steer_guidance.setter
    def steer_guidance(self, halves: str) -> None:
        self._steer_guidance = checked_steer_guidance(halves)

    @property
    def prompt(self) -> str:
        """What is played, in words; of a blend, each text with its share."""
        return self._prompt.text

    def set_prompt(self, text: str) -> None:
        """What is played from the next frame on; "" plays without a prompt."""
        self._prompt = self.encoded(text)

    def set_prompts(self, weights: Mapping[str, float]) -> None:
        """Plays several prompts at once from the next frame on, each as strongly as its weight.

        Weights are numbers of at least 0, and only their proportions count. A prompt that is alone
        with a weight is played exactly as `set_prompt` plays it. Weights may change every frame; a
        melody model takes them in tenths, as it reads its window again each time. Raises
        MusicRFMError if no prompt has a weight, or a weight cannot be used.
        """
        shares = checked_weights(weights)
        if self.model.lead:
            shares = coarse(shares)
        if len(shares) == 1:
            self.set_prompt(*shares)
            return
        latest = self._blended
        if latest is None or latest[0] != list(shares.items()):
            parts = [self.encoded(text) for text in shares]
            latest = (list(shares.items()), blend(parts, list(shares.values())))
            self._blended = latest
        self._prompt = latest[1]

    def encoded(self, text: str) -> PromptStates:
        """A prompt as the decoder reads it; the latest ones are kept, so that none costs twice.

        Raises MusicRFMError if it cannot be encoded.
        """
        known = self._encoded.get(text) if isinstance(text, str) else None
        states = known or self.model.encode_prompt(text)
        others = [item for item in self._encoded.items() if item[0] != text]
        self._encoded = dict([*others[1 - PROMPTS_KEPT :], (text, states)])
        return states

    @property
    def frame(self) -> int:
        """How many frames have been begun; `finish` would make the piece exactly this long."""
        return self._frame

    @property
    def codes(self) -> Tensor:
        """The frames that have all their codes, int64 [codebooks, frames], the latest ones last.

        From the beginning of the piece, or as far back as the decoder's window reaches. For the
        thread that plays.
        """
        count = min(self._frame, self._position) - self.delay_frames
        if count <= 0:
            return self._ended
        columns = torch.arange(1 - count, 1, device=self._delays.device) + self._position
        return self._window.inputs[
            self._books[:, None], columns - self.delay_frames + self._delays[:, None]
        ]

    @property
    def codec_lookahead_frames(self) -> int:
        """How many frames after a frame must be known to make its sound."""
        return 0 if self._early else self._codec.lookahead_frames

    # ---- the thread that plays ----

    def restart(self, seed: int | None = None) -> None:
        """Begins a new piece, the same again unless another seed is given; settings stay."""
        if seed is not None:
            self.seed = _whole("seed", seed)
        self._draws = Draws(self.seed, self.model.codebooks, self.model.device)
        self._frame = 0
        self._ended = self._delays.new_zeros(self.model.codebooks, 0)  # a finished piece's codes
        self._refused, self._steer_at, self._read_at, self._quiet_until = None, 0, 0, 0
        self._turn_over()
        self._position = 0  # of the decoder's window, the next to read
        self._window.inputs[:, 0] = self.model.start_code
        self._window.decoder.guided = False
        self._codec.reset()
        if self._early:
            self._early.reset()
        self._told = self._untold = 0  # frames of the take that were heard, and that will have been
        if self.take is not None:
            self._read_take(self.take)

    @torch.inference_mode()
    def _read_take(self, take: Tensor) -> None:
        """Makes the beginning one in which the take has been played.

        Of its last frames, those codes that the delay pattern would not have chosen yet are chosen
        anew, which leads over into what follows.
        """
        window, frames = self._window, take.shape[1]
        window.inputs[:, : frames + 1] = self.model.delay(take[None])[0]
        window.pushes = [self._unsteered] * frames
        self._position = self._frame = frames
        window.heard = None
        self._listen(window, self._prompt)
        window.decoder.guided = self._guidance_scale != 1.0 and not self._prompt.unconditional
        self._read_again(window)
        self._untold = frames - self.delay_frames
        if not self._hear_take:
            self._told = self._untold
            samples = 0
            for first in range(0, self._untold, UNSEEN):
                last = min(first + UNSEEN, self._untold)
                samples += self._codec.push(take[:, first:last]).shape[1]
            if self._early:
                self._early.state = (self._untold, samples, None)

    @property
    def state(self) -> StreamState:
        """Where the piece stands and how it is played. Setting an earlier one goes back there.

        What is played then is what would have been played; settings, the steering's as well, are
        those of that moment. A state can be set as long as `reaches` says so, which is for most of
        the window's length. Raises MusicRFMError otherwise.
        """
        window = self._window
        return StreamState(
            window,
            window.uses,
            self._position,
            self._prepared,
            window.decoder.guided,
            self._frame,
            self.seed,
            self._draws,
            (self._codec.state, self._early and self._early.state, self._told),
            self.steering.state,
            (
                self._prompt,
                self._guidance_scale,
                self._temperature,
                self._top_k,
                self._steer_guidance,
            ),
        )

    @state.setter
    def state(self, state: StreamState) -> None:
        if not self.reaches(state):
            raise MusicRFMError(f"frame {state.frame} is too long ago to go back to")
        if state.window is not self._window:
            self._window, self._next = self._next, self._window
        self._position, self._prepared = state.position, state.prepared
        del self._window.pushes[state.position :]
        self._window.decoder.guided = state.guided
        self._frame, self.seed, self._draws = state.frame, state.seed, state.draws
        self._codec.state, early, self._told = state.codec
        if self._early:
            self._early.state = early
        self.steering.state = state.steering
        self._prompt, self._guidance_scale, self._temperature, *rest = state.settings
        self._top_k, self._steer_guidance = rest

    def reaches(self, state: StreamState) -> bool:
        """Whether that state of this stream can still be set."""
        return state.window.uses == state.uses

    def __iter__(self) -> MusicStream:
        return self

    def __next__(self) -> np.ndarray:
        ahead = 0 if self._frame else self.delay_frames + self.codec_lookahead_frames
        audio = self._play(self.chunk_frames + ahead)
        while not len(audio):  # some codecs need more at the start than later
            audio = self._play(1)
        return audio

    def generate(self, frames: int) -> np.ndarray:
        """Plays `frames` more frames and finishes: all their samples, [samples, channels]."""
        frames = _whole("frames", frames, 1)
        parts = [self._play(min(AT_ONCE, frames - i)) for i in range(0, frames, AT_ONCE)]
        return np.concatenate([*parts, self.finish()])

    def finish(self) -> np.ndarray:
        """Ends the piece: the samples still owed, so that there are `frame * frame_size` in all.

        What is played next begins the piece again, see `restart`; until then, `codes` are those of
        the piece that has ended.
        """
        parts = [self._play(self.delay_frames, last=self._frame)] if self._frame else []
        audio = np.concatenate([*parts, _array(self._codec.flush())])
        given = self._early.given if self._early else 0
        codes = self.codes
        self.restart()
        self._ended = codes
        return audio[given:]

    def _record(self) -> None:
        """From now on the work of a frame is done on tensors that stay where they are.

        Where that goes wrong, it is done step by step as before.
        """
        plain = self._codec
        try:
            recorder = Recorder(self.model.device)
            self._finite = torch.ones((), dtype=torch.bool, device=self.model.device)
            for window in (self._window, self._next):
                parts = (window.decoder, window.inputs, self._finite)
                window.static = StaticStep(self.model, *parts, recorder)
                window.static.prepare()
            self._finite.fill_(True)  # whatever came of trying out
            self._codec = StaticCodec(self._codec, recorder)
        except Exception as error:  # CUDA and its libraries have errors of their own
            self._codec = plain
            self._codec.reset()
            self._give_up_graphs(error)

    def _give_up_graphs(self, error: Exception) -> None:
        """The rest of the set is worked out step by step, on the same tensors."""
        self._graphs = False
        self.graphs_lost = (str(error).strip().splitlines() or [type(error).__name__])[0]
        log.warning("no CUDA graphs from now on, so this is slower: %s", self.graphs_lost)
        for window in self._windows:
            window.static = None
        if isinstance(self._codec, StaticCodec):
            self._codec.give_up()

    @torch.inference_mode()
    def _play(self, steps: int, last: int | None = None) -> np.ndarray:
        """Goes `steps` frames on and returns what became final.

        With `last`, that many frames are all: only codes that they still lack are chosen.
        """
        if not self._graphs:
            return _array(self._sound(steps, last))
        parts = []
        for begin in range(0, steps, UNSEEN):
            count, before = min(UNSEEN, steps - begin), self.state
            if not self._graphs:  # since the part before this one
                parts.append(_array(self._sound(count, last)))
                continue
            try:
                sound = self._sound(count, last, self._graphs)
                # Whether all went well is told by the sound itself: there is one copy to wait for.
                sound = torch.where(self._finite, sound, torch.nan).cpu()
            except RuntimeError as error:  # as all of CUDA's are
                self._give_up_graphs(error)
                parts.append(_array(self._once_more(before, count, last)))
                continue
            well = sound.sum().isfinite() if sound.shape[1] else self._finite
            parts.append(_array(sound if well else self._once_more(before, count, last)))
        return np.concatenate(parts)

    def _once_more(self, before: StreamState, steps: int, last: int | None) -> Tensor:
        """Plays anew what could not be used, looking at every frame; settings stay as they are."""
        now = self.state
        progress = before.steering[-1]  # of schedules and crossfades
        steering = (*now.steering[:-1], progress)
        self.state = replace(before, steering=steering, settings=now.settings)
        self._finite.fill_(True)
        return self._sound(steps, last)

    def _sound(self, steps: int, last: int | None, graphs: bool = False) -> Tensor:
        """As `_play`, float32 [channels, samples]."""
        complete, sound = [], [self._silence]
        for _ in range(steps):
            if self._told < self._untold:  # the take comes first
                here, self._told = self._told, self._told + 1
                complete.append(self.take[:, here])
                if self._early:
                    ahead = self.take[:, here + 1 : here + 1 + self.delay_frames]
                    known = torch.ones_like(ahead, dtype=torch.bool)
                    sound.append(self._early.push(complete.pop(), ahead, known))
                continue
            self._step(last, graphs)
            if self._frame > self.delay_frames:
                columns = self._position - self.delay_frames + self._delays
                complete.append(self._window.inputs[self._books, columns])
                if self._early and last is None:
                    sound.append(self._early.push(complete.pop(), *self._ahead()))
        if complete:
            sound.append(self._codec.push(torch.stack(complete, 1)))
        return sound[-1] if len(sound) < 3 else torch.cat(sound, 1)

    def _ahead(self) -> tuple[Tensor, Tensor]:
        """Codes [codebooks, frames] of the frames that lack some yet, and which are known."""
        places = self._places - self.delay_frames
        codes = self._window.inputs[self._books[:, None], self._position + places.clamp_max(0)]
        return codes, places <= 0

    def _step(self, last: int | None, graphs: bool = False) -> None:
        """Reads one position, chooses the codes of the next."""
        if self._position == self.window:
            self._re_anchor()
        prompt, scale = self._prompt, self._guidance_scale
        if self._listen(self._window, prompt):
            self._read_again(self._window)
        self._set_guided(scale != 1.0 and not prompt.unconditional)
        if self._position >= self.window - LEAD:
            self._prepare()
        if graphs:
            self._static_step(scale, last)
            return
        codes = self._choose(scale)
        if self._frame < self.delay_frames or last is not None:
            # Where a codebook has no frame yet, or none any more, the decoder reads the start code.
            frames = self._frame - self._delays
            known = (frames >= 0) & (frames < (math.inf if last is None else last))
            codes = torch.where(known, codes, self.model.start_code)
        self._position += 1
        self._window.inputs[:, self._position] = codes
        self._frame += 1

    def _static_step(self, scale: float, last: int | None) -> None:
        """The rest of a step, without ever looking at what is computed."""
        window, push = self._window, self._next_push()
        window.pushes.append(push)
        window.decoder.steer(push)
        settings = (scale, self._temperature, self._top_k, last)
        window.static.step(self._position, Choice(self._frame, self._draws, *settings))
        self._position += 1
        self._frame += 1

    def _choose(self, scale: float) -> Tensor:
        """Codes of the next position, int64 [codebooks], whatever the logits are.

        If they are not finite, this frame is played unsteered; if that does not help, the whole
        window is read again unsteered; if even that does not, the last codes are held.
        """
        window = self._window
        push = self._next_push()
        refused = push.offset is self._refused and self._frame < self._steer_at
        if refused:
            push = self._unsteered  # to try again would only cost time
        window.pushes.append(push)
        logits = self._logits(push, scale)
        if logits is None and self._widen(push):
            logits = self._logits(push, scale)
        self.faults += refused or logits is None
        if logits is None and push is not self._unsteered:
            self._refused, self._steer_at = push.offset, self._frame + AGAIN_FRAMES
            self._say("frame %d cannot be steered: its logits are not finite")
            window.pushes[-1] = self._unsteered
            logits = self._logits(self._unsteered, scale)
        if logits is None and self._frame >= self._read_at:
            self._say("frame %d cannot be played: its logits are not finite, even unsteered")
            window.uses += 1  # what was played can no longer be played again
            window.pushes = [self._unsteered] * len(window.pushes)
            self._read_again(window)
            self._read_at = self._frame + AGAIN_FRAMES
            logits = self._logits(self._unsteered, scale)
        if logits is None:
            window.decoder.forget(self._position)
            held = window.inputs[:, self._position]
            return torch.where(held == self.model.start_code, 0, held)
        return sample(logits, self._draws(self._frame), self._temperature, self._top_k)

    def _widen(self, push: Push) -> bool:
        """Goes on in a wider precision, if that of the decoder may be what made numbers infinite.

        All that the window has read is read again. False if it was not the precision.
        """
        here = self._window
        if here.decoder.dtype != torch.float16 or not push.offset.isfinite().all():
            return False
        guided = here.decoder.guided
        recorders = [window.static and window.static.recorder for window in self._windows]
        for window in self._windows:  # nothing may hold the weights when others take their place
            window.static = window.decoder = None
        self.model.widen()
        for window, recorder in zip(self._windows, recorders, strict=True):
            window.decoder, window.heard = decoder_for(self.model, self.window), None
            if recorder is not None:
                parts = (window.decoder, window.inputs, self._finite, recorder)
                window.static = StaticStep(self.model, *parts)
        self._next.uses += 1  # what it had read is lost
        self._prepared = 0
        here.decoder.guided = guided
        self._listen(here, self._prompt)
        self._read_again(here)
        return True

    @property
    def _windows(self) -> tuple[_Window, _Window]:
        return self._window, self._next

    def _say(self, words: str) -> None:
        """Once, until there were no such frames for a while."""
        if self._frame >= self._quiet_until:
            log.warning(words, self._frame)
        self._quiet_until = self._frame + QUIET_FRAMES

    def _next_push(self) -> Push:
        """How the next position is steered; the same object as long as nothing changes."""
        offset = self.steering.offset(self._frame, self.seed)
        if offset is self.steering.nothing:
            return self._unsteered
        pushes = self._window.pushes
        latest = pushes[-1] if pushes else self._unsteered
        prompted_only, keep_norm = self._steer_guidance == "conditional", self.steering.keep_norm
        same = (latest.prompted_only, latest.keep_norm) == (prompted_only, keep_norm)
        same = same and latest.basis is self.steering.basis
        if latest.offset is offset and same:
            return latest
        return Push(offset, prompted_only, keep_norm, self.steering.basis)

    def _logits(self, push: Push, scale: float) -> Tensor | None:
        """Guided logits [codebooks, codes] after reading the position, None if not all finite."""
        decoder, position = self._window.decoder, self._position
        decoder.steer(push)
        codes, states = self._window.inputs[:, position : position + 1], []
        tap = None
        if self._capture is not None:
            file, layers = self._capture

            def tap(layer: int, hidden: Tensor) -> None:
                if layer in layers:
                    states.append(hidden[0].half().cpu().numpy())

        logits = decoder.step(codes, position, tap)
        if tap is not None:
            file.put(self._frame, np.stack(states)[None])
        logits = guide(logits, scale) if decoder.guided else logits[0]
        return logits if math.isfinite(logits.sum().item()) else None

    def _listen(self, window: _Window, prompt: PromptStates) -> bool:
        """Makes the decoder read this prompt; whether what it has read must be read again."""
        if prompt is window.heard:
            return False
        window.heard = prompt
        return window.decoder.set_prompt(prompt)

    def _set_guided(self, guided: bool) -> None:
        begins = guided and not self._window.decoder.guided
        self._window.decoder.guided = guided
        if begins:
            self._read_again(self._window, first_row=1)

    def _read_again(self, window: _Window, first_row: int = 0) -> None:
        """Fills the cache up to the position from what has been played."""
        before = self._position
        window.decoder.prefill(window.inputs[:, :before], window.pushes[:before], first_row)

    def _prepare(self) -> None:
        """Reads a part of what the next window will begin with."""
        window, gone = self._next, self.window - self.keep
        if not self._prepared:
            window.uses += 1
        first, last = self._prepared, self._prepared + -(-(self.keep - LEAD) // LEAD)
        last = min(last, self._position - gone)
        if last > first:
            self._read_ahead(first, last)

    def _read_ahead(self, first: int, last: int) -> None:
        """Positions `first` to `last` of the next window, as if the piece began at its start."""
        here, window, gone = self._window, self._next, self.window - self.keep
        if self._listen(window, self._prompt):
            first = 0
        codes = here.inputs[:, gone + first : gone + last]
        places = torch.arange(first, last, device=codes.device)
        unknown = places <= self._delays[:, None]
        window.inputs[:, first:last] = codes.masked_fill(unknown, self.model.start_code)
        if first == 0 or not here.decoder.guided:
            window.decoder.guided = here.decoder.guided
        window.decoder.prefill(
            window.inputs[:, first:last], here.pushes[gone + first : gone + last], position=first
        )
        self._prepared = last

    def _re_anchor(self) -> None:
        """Goes on in the next window, which begins with the last `keep` frames."""
        here, window = self._window, self._next
        if self.keep > self._prepared:
            self._read_ahead(self._prepared, self.keep)
        window.inputs[:, self.keep] = here.inputs[:, self.window]
        window.pushes = here.pushes[self.window - self.keep :]
        self._window, self._next, self._prepared = window, here, 0
        self._position = self.keep
        self._set_guided(here.decoder.guided)

    def _turn_over(self) -> None:
        """Begins in the other window, so that it can still be gone back to this one."""
        self._window, self._next, self._prepared = self._next, self._window, 0
        self._window.uses += 1
        self._window.pushes = []


def checked_steer_guidance(halves: str) -> str:
    """`both` or `conditional`. Raises MusicRFMError for anything else."""
    if halves not in STEER_GUIDANCE:
        raise MusicRFMError(f"steer_guidance must be both or conditional, not {halves!r}")
    return halves


def _array(audio: Tensor) -> np.ndarray:
    """[channels, samples] -> finite float32 [samples, channels]"""
    return audio.nan_to_num(0.0, 0.0, 0.0).T.contiguous().cpu().numpy()


def window_and_keep(
    model: MusicModel,
    delay: int,
    window_seconds: float | None = None,
    keep_seconds: float | None = None,
) -> tuple[int, int]:
    """Positions of the decoder's window, and how many are kept when it is full."""
    window, keep = model.window, round(KEEP_SECONDS * model.frame_rate)
    if window_seconds is not None:
        window = min(window, round(_number("window_seconds", window_seconds) * model.frame_rate))
    if keep_seconds is not None:
        keep = round(_number("keep_seconds", keep_seconds) * model.frame_rate)
    shortest = 2 * (delay + 1)
    if window < shortest:
        raise MusicRFMError(
            f"window_seconds {window_seconds!r} is too short: "
            f"the decoder needs at least {shortest / model.frame_rate:g} s"
        )
    return window, min(max(keep, delay + 1), window // 2)


def _capture(
    model: MusicModel,
    layers: str | Sequence[int] | None,
    path: str | os.PathLike[str] | None,
) -> tuple[HalfFile, list[int]] | None:
    """Where hidden states are written, and of which layers."""
    if layers is None and path is None:
        return None
    if layers is None or path is None:
        raise MusicRFMError("capture says which layers, and capture_to the file: give both")
    if model.packed:
        raise MusicRFMError(
            f"hidden states cannot be captured with dtype {model.precision}: "
            "load the model in float32"
        )
    numbers = layer_numbers(
        None if isinstance(layers, str) and layers == "all" else layers, model.layers
    )
    return HalfFile(path), numbers


def _number(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0.0):
        raise MusicRFMError(f"{name} must be a number of at least 0, not {value!r}")
    return number


def _whole(name: str, value: int, least: int | None = None) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise MusicRFMError(f"{name} must be a whole number, not {value!r}") from None
    if least is not None and number < least:
        raise MusicRFMError(f"{name} must be at least {least}, not {value!r}")
    return number
