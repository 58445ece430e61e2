"""Endless music from a model, chunk by chunk, with settings that may change between any two frames.

For each frame, the stream gets the offset from the steering, runs the decoder for one position,
chooses codes, and passes the frame that the delay pattern completed to the codec. When the
decoder's window is full, the music continues in a second window, which has been prefilled with the
last seconds by then. The position in the piece is a small state, and the stream can return to any
state of the last seconds.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from musicrfm.checkpoints.mapped import trim
from musicrfm.directions import checked_owner
from musicrfm.errors import MusicRFMError, first_line, short, whole_number
from musicrfm.model import MusicModel
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.runtime.compiled_codec import CompiledCodec, can_compile
from musicrfm.runtime.decoder import Push
from musicrfm.runtime.graphs import Recorder
from musicrfm.runtime.packed_codec import PackedCodec, can_pack
from musicrfm.runtime.sampling import Draws
from musicrfm.runtime.static_codec import StaticCodec
from musicrfm.runtime.static_step import Choice, StaticStep
from musicrfm.steering.steering import Steering, SteeringState
from musicrfm.streaming.chooser import Chooser, capture_of
from musicrfm.streaming.continuation import opening
from musicrfm.streaming.settings import LiveSettings, Settings, window_and_keep
from musicrfm.streaming.sound import Sound, SoundState
from musicrfm.streaming.windows import Window, Windows, WindowState

AT_ONCE = 32  # frames of a file decoded together; fewer or more would take longer
UNSEEN = 16  # frames that may be queued on a GPU before its audio is checked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamState:
    """The position in a piece and all settings; see `MusicStream.state`."""

    windows: WindowState
    frame: int
    seed: int
    draws: Draws
    sound: SoundState
    steering: SteeringState
    settings: Settings

    @property
    def window(self) -> Window:
        """The current window."""
        return self.windows.window


class MusicStream(LiveSettings):
    """An iterator over audio that never ends.

        >>> from musicrfm import Direction, MusicModel, MusicStream
        >>> model = MusicModel.load("nano")
        >>> stream = MusicStream(model, "piano melody", seed=1)
        >>> stream.steering.add(Direction.load("note_C", model), 0.5)
        >>> chunk = next(stream)  # float32 [samples, channels]
        >>> stream.steering.set("note_C", 1.0)  # from the next frame on
        >>> stream.generate(25).shape[1]  # 25 more frames, half a second
        1

    Each chunk is float32 [samples, channels] at `model.sample_rate`, finite and never empty. It has
    `chunk_frames` frames; the first may be longer, because the delay pattern and the codec need
    frames in advance.

    `steering`, `guidance_scale`, `temperature`, `top_k`, `steer_guidance`, `set_prompt` and
    `set_prompts` may be used at any time from any thread, and take effect with the next frame. The
    same seed with the same changes at the same frames gives the same audio. Iterating, `restart`,
    `generate` and `finish` are for one thread.

    guidance_scale, temperature and top_k default to those of the model (`MusicModel.sampling`).
    guidance_scale: 0 ignores the prompt, 1 follows it without guidance, higher values exaggerate
    it. temperature: 0 or more; 0 always takes the likeliest code. top_k: number of most likely
    codes to choose from, 0 for all. steer_guidance: the half of guidance that is steered, "both",
    as in MusicRFM, or only the "conditional" one, which reads the prompt; without guidance there is
    only one half, which is steered. early: the audio comes sooner by the codec's lookahead (80 ms),
    but is slightly inexact, see `musicrfm.streaming.early`. window_seconds: the length of the
    decoder's window; by default the model's. keep_seconds: how much of it remains when the window
    is full; 10 by default, at most half the window. cache: precision of the keys and values kept by
    a decoder in int8 or int4, "int8" by default, or "int16". graphs: whether a frame is computed on
    tensors with fixed addresses, on a GPU as CUDA graphs; by default on a GPU, see `docs/gpu.md`.
    Invalid values raise MusicRFMError.

    continue_from: a sound file, or codes [codebooks, frames]. Its last 8 seconds (at most half the
    window) are read as if they had been played, and the music continues from there. hear_take:
    these seconds are played first, though not again after a restart.

    capture: numbers of layers, or "all", whose outputs are written during playback to the NumPy
    file capture_to, as float16 [frames, layers, width], for the row that reads the prompt, after
    steering. The file is readable at any moment. Playback is slower, because machine code is not
    used.
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
        cache: str | None = None,
        graphs: bool | None = None,
        continue_from: str | os.PathLike[str] | Tensor | None = None,
        hear_take: bool = False,
        capture: str | Sequence[int] | None = None,
        capture_to: str | os.PathLike[str] | None = None,
    ) -> None:
        checked_owner(model)
        super().__init__(model, prompt, guidance_scale, temperature, top_k, steer_guidance)
        self.chunk_frames = whole_number("chunk_frames", chunk_frames, 1)
        self.delay_frames: int = max(model.delays)  # between a frame's first code and its last
        self.window, self.keep = window_and_keep(
            model, self.delay_frames, window_seconds, keep_seconds
        )
        self.take: Tensor | None = None  # codes that the piece continues
        if continue_from is not None:
            self.take = opening(model, continue_from, self.window // 2)
        self._hear_take = hear_take
        self.steering = Steering.of(model)
        self._unsteered = Push(self.steering.nothing)
        capture_to_file = capture_of(model, capture, capture_to)
        self._graphs = model.graphs if graphs is None else graphs
        self._graphs = self._graphs and capture_to_file is None
        self.graphs_lost = ""  # why they are done without, where they were wanted
        # Before the windows, because packing a codec takes memory for a moment.
        codec = None if self._graphs else self._fastest(_codec_of(model))
        self._windows = Windows(model, self.window, self.keep, cache)
        self._chooser = Chooser(self._windows, self.steering, self._unsteered, capture_to_file)
        silence = torch.zeros(model.channels, 0, device=model.device)
        self._audio = Sound(codec or self._recorded_codec(), early, silence)
        self.seed = whole_number("seed", seed)
        self.restart()
        self._hear_take = False

    def __repr__(self) -> str:
        return (
            f"MusicStream({self.prompt!r} by {self.model.name} on {self.model.device}, "
            f"seed {self.seed}, frame {self.frame}, guidance {self.guidance_scale:g}, "
            f"temperature {self.temperature:g}, top-k {self.top_k}, steers {self.steering})"
        )

    @property
    def faults(self) -> int:
        """Number of frames that could not be played as steered, see `Chooser.choose`."""
        return self._chooser.faults

    @property
    def frame(self) -> int:
        """Number of frames begun; `finish` would end the piece with exactly this length."""
        return self._frame

    @property
    def codes(self) -> Tensor:
        """The frames with complete codes, int64 [codebooks, frames], latest last.

        From the start of the piece, or as far back as the decoder's window reaches. For the thread
        that plays.
        """
        count = min(self._frame, self._position) - self.delay_frames
        return self._ended if count <= 0 else self._windows.latest(count)

    @property
    def codec_lookahead_frames(self) -> int:
        """Number of later frames that must be known to make the sound of a frame."""
        return self._audio.lookahead_frames

    # ---- the thread that plays ----

    def restart(self, seed: int | None = None) -> None:
        """Start a new piece with the same settings; without a new seed, the same piece again."""
        if seed is not None:
            self.seed = whole_number("seed", seed)
        self._draws = Draws(self.seed, self.model.codebooks, self.model.device)
        self._frame = 0
        self._chooser.begin()
        self._windows.begin()
        # A finished piece's codes.
        self._ended = self._windows.delays.new_zeros(self.model.codebooks, 0)
        self._audio.begin()
        if self.take is not None:
            self._read_take(self.take)

    @torch.inference_mode()
    def _read_take(self, take: Tensor) -> None:
        """Start the piece as if the take had been played.

        In its last frames, the codes that the delay pattern would not have chosen yet are chosen
        again, which leads into the new music.
        """
        settings, self._frame = self._settings, take.shape[1]
        self._windows.begin_from(take, self._unsteered, settings.prompt, settings.guided)
        frames = self._frame - self.delay_frames
        self._audio.begin_after(take, frames, self.delay_frames, self._hear_take)

    @property
    def state(self) -> StreamState:
        """The position in the piece and all settings. Setting an earlier state returns there.

        Afterwards the stream plays what it would have played then; all settings, including the
        steering, are those of that moment. A state can be set as long as `reaches` is true, for
        most of the window's length. Raises MusicRFMError otherwise.
        """
        return StreamState(
            self._windows.state,
            self._frame,
            self.seed,
            self._draws,
            self._audio.state,
            self.steering.state,
            self._settings,
        )

    @state.setter
    def state(self, state: StreamState) -> None:
        if not self.reaches(state):
            raise MusicRFMError(f"frame {state.frame} is too old to return to")
        self._windows.state = state.windows
        self._frame, self.seed, self._draws = state.frame, state.seed, state.draws
        self._audio.state, self.steering.state = state.sound, state.steering
        with self._setting:
            self._settings = state.settings

    def reaches(self, state: StreamState) -> bool:
        """Whether this state of the stream can still be set. Raises MusicRFMError for anything but
        a state."""
        if not isinstance(state, StreamState):
            raise MusicRFMError(f"a stream returns to one of its own states, not to {short(state)}")
        return state.windows.reached

    def __iter__(self) -> MusicStream:
        return self

    def __next__(self) -> np.ndarray:
        ahead = 0 if self._frame else self.delay_frames + self.codec_lookahead_frames
        audio = self._play(self.chunk_frames + ahead)
        while not len(audio):  # some codecs need more at the start than later
            audio = self._play(1)
        return audio

    def generate(self, frames: int) -> np.ndarray:
        """Play `frames` more frames and finish; returns all their samples, [samples, channels]."""
        frames = whole_number("frames", frames, 1)
        parts = [self._play(min(AT_ONCE, frames - i)) for i in range(0, frames, AT_ONCE)]
        return np.concatenate([*parts, self.finish()])

    def finish(self) -> np.ndarray:
        """End the piece: the remaining samples, for a total of `frame * frame_size`.

        Playing further starts the piece again, see `restart`; until then, `codes` are those of the
        finished piece.
        """
        parts = [self._play(self.delay_frames, last=self._frame)] if self._frame else []
        rest, given = self._audio.flush()
        audio, codes = np.concatenate([*parts, _array(rest)]), self.codes
        self.restart()
        self._ended = codes
        return audio[given:]

    def _recorded_codec(self) -> StreamingCodec | StaticCodec:
        """A codec as a graph, after the steps of the windows; without one if that fails."""
        codec = _codec_of(self.model)
        try:
            return StaticCodec(codec, self._record())
        except Exception as error:  # CUDA and its libraries have errors of their own
            codec.reset()
            self._give_up_graphs(error)
            return self._fastest(codec)

    def _fastest(self, codec: StreamingCodec) -> StreamingCodec | StaticCodec:
        """The same codec in machine code, where that is faster."""
        if can_compile(codec):
            return CompiledCodec(codec)
        return PackedCodec(codec) if self.model.packed and can_pack(codec) else codec

    def _record(self) -> Recorder:
        """Compute steps on tensors with fixed addresses from now on."""
        recorder = Recorder(self.model.device)
        self._finite = torch.ones((), dtype=torch.bool, device=self.model.device)
        for window in self._windows.both:
            parts = (window.decoder, window.inputs, self._finite)
            window.static = StaticStep(self.model, *parts, recorder)
            window.static.prepare()
        self._finite.fill_(True)  # independent of the trial run
        return recorder

    def _give_up_graphs(self, error: Exception) -> None:
        """Compute the rest of the set step by step, on the same tensors."""
        self._graphs = False
        self.graphs_lost = first_line(error)
        log.warning("no CUDA graphs from now on, so this is slower: %s", self.graphs_lost)
        for window in self._windows.both:
            window.static = None

    @torch.inference_mode()
    def _play(self, steps: int, last: int | None = None) -> np.ndarray:
        """Advance by `steps` frames and return the final samples.

        With `last`, that is the total number of frames: only their missing codes are chosen.
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
                # The copied audio shows whether all went well, so there is only one copy to wait
                # for.
                sound = torch.where(self._finite, sound, torch.nan).cpu()
            except RuntimeError as error:  # as all of CUDA's are
                self._give_up_graphs(error)
                if isinstance(self._codec, StaticCodec):
                    self._codec.give_up()
                parts.append(_array(self._once_more(before, count, last)))
                continue
            well = sound.sum().isfinite() if sound.shape[1] else self._finite
            parts.append(_array(sound if well else self._once_more(before, count, last)))
        return np.concatenate(parts)

    def _once_more(self, before: StreamState, steps: int, last: int | None) -> Tensor:
        """Play invalid frames again, checking each one; settings stay as they are."""
        now = self.state
        steering = now.steering._replace(progress=before.steering.progress)
        self.state = replace(before, steering=steering, settings=now.settings)
        self._finite.fill_(True)
        return self._sound(steps, last)

    def _sound(self, steps: int, last: int | None, graphs: bool = False) -> Tensor:
        """As `_play`, float32 [channels, samples]."""
        audio, windows = self._audio, self._windows
        audio.begin_chunk()
        for _ in range(steps):
            if audio.in_take:  # it comes first
                audio.add_of_take()
                continue
            self._step(last, graphs)
            if self._frame > self.delay_frames:
                ahead = windows.ahead() if audio.early and last is None else None
                audio.add(windows.completed(), ahead)
        return audio.chunk()

    def _step(self, last: int | None, graphs: bool = False) -> None:
        """Read one position and choose the codes of the next."""
        settings, windows = self._settings, self._windows
        windows.turn_to(settings.prompt, settings.guided)
        if graphs:
            self._static_step(settings, last)
            return
        codes = self._chooser.choose(self._frame, self._draws, settings)
        if self._frame < self.delay_frames or last is not None:
            # Where a codebook has no frame, the decoder reads the start code.
            frames = self._frame - windows.delays
            known = (frames >= 0) & (frames < (math.inf if last is None else last))
            codes = torch.where(known, codes, self.model.start_code)
        windows.position += 1
        windows.here.inputs[:, windows.position] = codes
        self._frame += 1

    def _static_step(self, settings: Settings, last: int | None) -> None:
        """The rest of a step on fixed tensors, without reading a result on the CPU."""
        window = self._windows.here
        push = self._chooser.next_push(self._frame, self.seed, settings.steer_guidance)
        window.pushes.append(push)
        window.decoder.steer(push)
        sampling = (settings.guidance_scale, settings.temperature, settings.top_k)
        assert window.static is not None, "`_record` has made it"
        window.static.step(
            self._windows.position, Choice(self._frame, self._draws, *sampling, last)
        )
        self._windows.position += 1
        self._frame += 1

    @property
    def _codec(self) -> StreamingCodec | StaticCodec:
        return self._audio.codec

    @property
    def _window(self) -> Window:
        return self._windows.here

    @property
    def _next(self) -> Window:
        return self._windows.next

    @property
    def _position(self) -> int:
        return self._windows.position


def _array(audio: Tensor) -> np.ndarray:
    """[channels, samples] -> finite float32 [samples, channels]"""
    return audio.nan_to_num(0.0, 0.0, 0.0).T.contiguous().cpu().numpy()


def _codec_of(model: MusicModel) -> StreamingCodec:
    """A streaming codec; of a model that only plays, in memory of its own."""
    codec, sizes = model.hf.audio_encoder, (model.codebooks, model.stereo_codes)
    if not model.plays_only:
        return StreamingCodec(codec, *sizes)
    found = StreamingCodec(codec, *sizes, map(deepcopy, codec.decoder.layers))
    for parameter in codec.parameters():
        model.mapped.let_go(parameter)
    trim()
    return found
