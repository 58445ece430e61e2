"""The stream matches Hugging Face, never ends, and survives every change and fault."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream
from musicrfm.streaming.chooser import Chooser
from musicrfm.streaming.windows import Windows
from tests.checkpoints import make_checkpoint
from tests.hf import generate

FRAME = 640
SHAPES = {
    "mono": {},
    "stereo": {"stereo": True, "seed": 1},
    "causal codec": {"causal": True, "layers": 3, "heads": 4, "seed": 7},
    "as MusicGen's codec": {"lstm_layers": 2, "ratios": (8, 5, 4, 4), "seed": 3},
    "stereo, causal, odd heads": {
        "stereo": True,
        "causal": True,
        "lstm_layers": 2,
        "heads": 3,
        "width": 36,
        "seed": 4,
    },
    "two codebooks, text as wide": {"codebooks": 2, "text_width": 32, "layers": 1, "seed": 5},
    "half precision files": {"half": True, "seed": 6},
}


def record_codes(stream: MusicStream) -> list[Tensor]:
    """A list that collects the codes of every frame on their way to the codec."""
    frames: list[Tensor] = []
    push = stream._codec.push

    def listening(codes: Tensor) -> Tensor:
        frames.extend(codes.T.clone())
        return push(codes)

    stream._codec.push = listening
    return frames


def play(stream: MusicStream, chunks: int) -> np.ndarray:
    return np.concatenate([next(stream) for _ in range(chunks)])


def direction(model: MusicModel, name: str = "note_C", size: float = 3.0) -> Direction:
    generator = torch.Generator().manual_seed(9)
    vectors = torch.randn(model.layers, 1, model.width, generator=generator)
    meta = {"model": model.name, "range": [0, size]}
    return Direction(name, vectors, torch.ones(model.layers), meta)


def loud(model: MusicModel) -> Direction:
    """The same direction with a range so large that coefficient 1 overflows."""
    found = direction(model)
    found.meta["range"] = [0, 3e38]
    return found


# ---- equal to Hugging Face ----


@pytest.fixture(scope="module", params=SHAPES)
def any_model(request: pytest.FixtureRequest, tmp_path_factory) -> MusicModel:
    folder = make_checkpoint(tmp_path_factory.mktemp("any") / "m", **SHAPES[request.param])
    return MusicModel.load(folder, device="cpu")


@pytest.mark.parametrize(
    ("prompt", "guidance_scale"),
    [("piano, slow", 3.0), ("piano, slow", 1.0), pytest.param("", 3.0, marks=pytest.mark.slow)],
)
def test_greedy_equals_generate(
    any_model: MusicModel, prompt: str, guidance_scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = 60
    theirs: list[Tensor] = []
    decode = any_model.hf.audio_encoder.decode

    def listening(codes: Tensor, *args: object, **kwargs: object):
        theirs.append(codes[0, 0])
        return decode(codes, *args, **kwargs)

    monkeypatch.setattr(any_model.hf.audio_encoder, "decode", listening)
    expected = generate(any_model, prompt, frames, guidance_scale)
    stream = MusicStream(any_model, prompt, guidance_scale=guidance_scale, top_k=1)
    ours = record_codes(stream)
    audio = stream.generate(frames)
    assert len(torch.stack(ours).unique(dim=0)) > 5  # not one code for ever
    sides = len(theirs)
    for side, codes in enumerate(theirs):
        assert torch.equal(torch.stack(ours, 1)[side::sides], codes)
    assert audio.shape == expected.shape == (frames * FRAME, any_model.channels)
    assert np.abs(audio - expected).max() < 1e-4


def test_sampled_codes_follow_the_models_distribution(model: MusicModel) -> None:
    """Over many seeds, the first code is drawn from the softmax of the guided logits."""
    stream = MusicStream(model, "piano", temperature=0.7, top_k=20, guidance_scale=2.0)
    drawn = []
    for seed in range(1500):
        stream.restart(seed)
        with torch.inference_mode():
            stream._step(None)
        drawn.append(int(stream._window.inputs[0, 1]))
    tokens = model.tokenizer(["piano"], return_tensors="pt")
    with torch.no_grad():
        start = torch.full((4, 1), model.start_code)
        told = model.hf(**tokens, decoder_input_ids=start).logits[0, 0]
        untold = model.hf.decoder(start).logits[0, 0]
    logits = (untold + 2.0 * (told - untold)) / 0.7
    logits[logits < logits.topk(20).values[-1]] = -torch.inf
    wanted = logits.softmax(-1).numpy() * 1500
    seen = np.bincount(drawn, minlength=64)
    usual = wanted >= 5
    assert usual.sum() >= 4
    assert seen[wanted == 0].sum() == 0
    assert (np.abs(seen - wanted)[usual] < 4.5 * np.sqrt(wanted[usual])).all()


# ---- endless ----


@torch.no_grad()
def anchored(model: MusicModel, frames: int, window: int, keep: int, prompt: str) -> Tensor:
    """Greedy codes [codebooks, frames] without a cache: each step reads the whole window."""
    tokens = model.tokenizer([prompt], return_tensors="pt")
    delay = max(model.delays)
    columns = torch.full((model.codebooks, 1), model.start_code)  # the chosen codes, delayed
    anchor = 0
    for step in range(frames + delay):
        if columns.shape[1] - anchor > window:
            anchor = columns.shape[1] - 1 - keep
        inputs = columns[:, anchor:].clone()
        for book, late in enumerate(model.delays):
            inputs[book, : late + 1] = model.start_code
        told = model.hf(**tokens, decoder_input_ids=inputs).logits[:, -1]
        untold = model.hf.decoder(inputs).logits[:, -1]
        codes = (untold + 3.0 * (told - untold)).argmax(-1)
        for book, late in enumerate(model.delays):
            if step < late:
                codes[book] = model.start_code
        columns = torch.cat([columns, codes[:, None]], 1)
    return torch.stack([columns[b, 1 + d : 1 + d + frames] for b, d in enumerate(model.delays)])


@pytest.mark.parametrize("kind", ["mono", "stereo"])
def test_moved_window_equals_a_piece_that_begins_there(kind: str, tmp_path: Path) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "m", **SHAPES[kind]), device="cpu")
    stream = MusicStream(model, "drums", top_k=1, window_seconds=0.48, keep_seconds=0.2)
    assert (stream.window, stream.keep) == (24, 10)
    codes = record_codes(stream)
    play(stream, 70)
    expected = anchored(model, 70, 24, 10, "drums")
    ours = torch.stack(codes, 1)[:, :70]
    assert len(expected.unique(dim=1).T) > 5
    assert torch.equal(ours, expected)


@pytest.mark.parametrize("prefix", ["played through", "guided late"])
def test_moved_window_keeps_the_steering_of_each_frame(model: MusicModel, prefix: str) -> None:
    """After the window moves, the cache equals a replay of each position's steering."""
    stream = MusicStream(model, "piano", window_seconds=0.6, keep_seconds=0.3)
    stream.steering.add(direction(model))

    def turn() -> None:
        stream.steering.set("note_C", 0.1 * stream.frame)
        stream.steering.keep_norm = bool(stream.frame & 1)
        stream.steer_guidance = ("both", "conditional")[stream.frame // 2 & 1]

    for _ in range(20):
        turn()
        next(stream)
    if prefix == "guided late":
        stream.guidance_scale = 1.0
    while stream._position != stream.window:
        turn()
        next(stream)
    stream.guidance_scale = 3.0
    pushes = stream._window.pushes[-stream.keep :]
    next(stream)
    assert len({id(push) for push in pushes}) == stream.keep
    assert {(p.prompted_only, p.keep_norm) for p in pushes} == set(
        itertools.product((False, True), repeat=2)
    )
    reference = MusicStream(model, "piano")._window.decoder
    reference.set_prompt(model.encode_prompt("piano"))
    reference.guided = True
    for position, push in enumerate(pushes):
        reference.steer(push)
        reference.step(stream._window.inputs[:, position : position + 1], position)
    kept = slice(0, stream.keep)
    difference = stream._window.decoder.cache[..., kept, :] - reference.cache[..., kept, :]
    assert difference.abs().max() < 1e-4


def test_unsteered_frames_share_one_push_in_every_mode(model: MusicModel) -> None:
    """A coefficient of 0 uses the unsteered push; a constant coefficient reuses one push."""
    stream = MusicStream(model, "piano", steer_guidance="conditional")
    stream.steering.keep_norm = True
    stream.steering.add(direction(model))
    play(stream, 5)
    assert {id(push) for push in stream._window.pushes} == {id(stream._unsteered)}
    stream.steering.set("note_C", 0.5)
    play(stream, 5)
    assert len({id(push) for push in stream._window.pushes[-5:]}) == 1


def test_memory_does_not_grow_over_many_windows(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", window_seconds=0.6)
    stream.steering.add(direction(model), 0.5, inject=0.5)
    play(stream, 50)
    windows = (stream._window, stream._next)
    caches = {window.decoder.cache.data_ptr() for window in windows}
    play(stream, 200)
    assert {window.decoder.cache.data_ptr() for window in windows} == caches
    assert len(stream._window.pushes) <= stream.window
    assert stream._window.inputs.shape[1] == stream.window + 1


def live(stream: MusicStream, frame: int) -> None:
    """Applies a performer's changes for this frame; they depend only on the frame."""
    steering = stream.steering
    if frame % 7 == 0:
        steering.set("note_C", 0.1 * (frame % 11))
    if frame % 31 == 5:
        steering.set_schedule("note_C", "exponential:0.05")
    if frame % 17 == 3:
        stream.set_prompt(("piano", "", "drums and bass")[frame % 3])
    if frame % 23 == 4:
        stream.guidance_scale = (1.0, 3.0)[frame % 2]
    if frame == 70:
        stream.restart(9)


def perform(stream: MusicStream, begin: int, end: int, states: dict | None = None) -> np.ndarray:
    sound = []
    for frame in range(begin, end):
        if states is not None:
            states[frame] = stream.state
        live(stream, frame)
        sound.append(next(stream))
    return np.concatenate(sound)


@pytest.fixture
def performed(model: MusicModel) -> MusicStream:
    stream = MusicStream(model, "piano", window_seconds=1.0, keep_seconds=0.4)
    stream.steering.add(direction(model), 0.5, inject=0.7)
    return stream


@pytest.mark.parametrize("back", [1, 4, 11, 20])
def test_stream_restores_earlier_states_and_replays_the_same_sound(
    performed: MusicStream, back: int
) -> None:
    """At every fifth frame, across moved windows and a restart, after a different continuation."""
    states: dict = {}
    whole = [perform(performed, frame, frame + 1, states) for frame in range(120)]
    performed.restart(0)
    second: dict = {}
    stream = MusicStream(performed.model, "piano", window_seconds=1.0, keep_seconds=0.4)
    stream.steering.add(direction(performed.model), 0.5, inject=0.7)
    frame = 0
    while frame < 120:
        perform(stream, frame, frame + 1, second)
        frame += 1
        if frame >= back and frame % 5 == 0:
            stream.steering.set("note_C", 3.0)  # a change that will turn out not to be
            stream.set_prompt("something else")
            stream.guidance_scale = 0.0
            next(stream)
            next(stream)
            assert stream.reaches(second[frame - back])
            stream.state = second[frame - back]
            again = perform(stream, frame - back, frame, second)
            np.testing.assert_array_equal(again, np.concatenate(whole[frame - back : frame]))


def test_state_that_is_too_old_is_refused(performed: MusicStream) -> None:
    states: dict = {}
    perform(performed, 0, 69, states)
    oldest = min(frame for frame, state in states.items() if performed.reaches(state))
    assert 69 - performed.window < oldest < 69 - 20
    with pytest.raises(MusicRFMError, match=f"frame {states[0].frame} is too old to return to"):
        performed.state = states[0]
    assert len(next(performed))


@pytest.mark.slow
def test_seams_are_inaudible(tmp_path: Path) -> None:
    """Level and spectrum change no more at a moved window than between other frames."""
    model = MusicModel.load(make_checkpoint(tmp_path / "m", filters=4), device="cpu")
    stream = MusicStream(model, "piano", window_seconds=0.6, keep_seconds=0.3)
    frames = 1500
    audio = stream.generate(frames)[:, 0].reshape(frames, FRAME)
    step = stream.window - stream.keep
    # The first codes chosen after the window has moved belong to these frames.
    seams = np.arange(stream.window, frames - 5, step)
    assert len(seams) > 90
    level = 20 * np.log10(audio.std(1) + 1e-6)
    spectrum = np.log(np.abs(np.fft.rfft(audio * np.hanning(FRAME), axis=1)) + 1e-3)
    step_size = np.abs(np.diff(audio.ravel(), append=0.0)).reshape(frames, FRAME).max(1)
    jumps = {
        "level": np.abs(np.diff(level, prepend=level[0])),
        "spectrum": np.sqrt(np.square(np.diff(spectrum, axis=0, prepend=spectrum[:1])).mean(1)),
        "sample to sample": step_size,
    }
    near = np.zeros(frames, dtype=bool)
    for after in range(4):  # the delay pattern spreads a seam over four frames
        near[seams + after] = True
    for name, jump in jumps.items():
        there, elsewhere = jump[near], jump[~near][5:]
        error = np.hypot(
            there.std() / np.sqrt(len(there)), elsewhere.std() / np.sqrt(len(elsewhere))
        )
        assert there.mean() < elsewhere.mean() + 4 * error, name
        assert there.max() < 1.5 * elsewhere.max(), name


# ---- chunks ----


def test_chunks_join_to_the_whole_piece(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", seed=2)
    assert (stream.delay_frames, stream.codec_lookahead_frames) == (3, 4)
    first = next(stream)
    assert stream.frame == 8 and first.shape == (FRAME, 1) and first.dtype == np.float32
    chunks = [next(stream) for _ in range(60)]
    assert {chunk.shape for chunk in chunks} == {(FRAME, 1)}
    assert stream.frame == 68
    whole = np.concatenate([first, *chunks, stream.finish()])
    assert len(whole) == 68 * FRAME
    assert stream.frame == 0
    # Other chunk sizes give the same audio, up to the codec's lookahead before the end.
    same = (65 - 4) * FRAME
    other = MusicStream(model, "piano", seed=2, chunk_frames=5)
    parts = [next(other) for _ in range(13)]
    assert {part.shape for part in parts} == {(5 * FRAME, 1)}
    assert np.abs(np.concatenate(parts)[:same] - whole[:same]).max() < 1e-5
    assert np.abs(MusicStream(model, "piano", seed=2).generate(68) - whole).max() < 1e-5


def test_first_chunk_of_a_causal_codec_has_seven_frames(tmp_path: Path) -> None:
    """A causal codec needs seven frames at the start and has no lookahead afterwards."""
    model = MusicModel.load(make_checkpoint(tmp_path / "m", causal=True), device="cpu")
    stream = MusicStream(model)
    assert stream.codec_lookahead_frames == 0
    assert len(next(stream)) == 7 * FRAME
    assert {len(next(stream)) for _ in range(10)} == {FRAME}


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 9])
def test_short_pieces_have_the_requested_length(model: MusicModel, frames: int) -> None:
    stream = MusicStream(model, "piano", top_k=1)
    codes = record_codes(stream)
    audio = stream.generate(frames)
    assert audio.shape == (frames * FRAME, 1)
    assert len(codes) == frames
    assert np.allclose(audio, model.decode_codes(torch.stack(codes, 1)), atol=1e-5)


def test_finish_at_the_start_returns_no_audio(model: MusicModel) -> None:
    stream = MusicStream(model)
    assert stream.finish().shape == (0, 1)
    assert len(next(stream)) == FRAME
    stream.finish()
    assert stream.finish().shape == (0, 1)


def test_stream_never_ends(model: MusicModel) -> None:
    stream = MusicStream(model, chunk_frames=4)
    assert iter(stream) is stream
    for chunk in itertools.islice(stream, 80):
        assert len(chunk) == 4 * FRAME and np.isfinite(chunk).all()


# ---- repeatability ----


def performance(model: MusicModel, seed: int) -> np.ndarray:
    """A short set with every control moved, across several windows."""
    stream = MusicStream(model, "piano", seed=seed, window_seconds=0.6)
    stream.steering.add(direction(model), inject=0.7)
    changes = {
        15: lambda: stream.steering.set("note_C", 0.8),
        30: lambda: stream.set_prompt("drums"),
        45: lambda: setattr(stream, "guidance_scale", 1.0),
        50: lambda: stream.steering.set_schedule("note_C", "linear:20"),
        60: lambda: setattr(stream, "guidance_scale", 2.0),
        65: lambda: setattr(stream, "temperature", 0.5),
        70: lambda: setattr(stream, "top_k", 5),
        80: lambda: stream.set_prompt(""),
    }
    audio = []
    while stream.frame < 100:
        changes.get(stream.frame, lambda: None)()
        audio.append(next(stream))
    return np.concatenate(audio)


def test_same_seed_and_changes_give_the_same_sound(model: MusicModel) -> None:
    first = performance(model, 4)
    assert np.array_equal(first, performance(model, 4))
    assert not np.array_equal(first, performance(model, 5))


def test_restart_repeats_the_piece_of_its_seed(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", seed=1)
    first = play(stream, 12)
    stream.restart()
    assert stream.frame == 0
    assert np.array_equal(play(stream, 12), first)
    stream.restart(2)
    assert not np.array_equal(play(stream, 12), first)
    stream.restart()
    stream.restart(seed=1)
    stream.steering.add(direction(model), 0.0)
    assert np.array_equal(play(stream, 12), first)


# ---- changed while it plays ----


@pytest.mark.parametrize(
    "change",
    [
        lambda stream: stream.set_prompt("drums"),
        lambda stream: stream.set_prompt(""),
        lambda stream: setattr(stream, "guidance_scale", 1.0),
        lambda stream: setattr(stream, "guidance_scale", 0.0),
        lambda stream: setattr(stream, "temperature", 0.3),
        lambda stream: setattr(stream, "top_k", 2),
    ],
    ids=["prompt", "no prompt", "no guidance", "unprompted", "temperature", "top_k"],
)
def test_changed_settings_change_the_sound(model: MusicModel, change) -> None:
    plain, changed = (MusicStream(model, "piano", seed=6, guidance_scale=4.0) for _ in range(2))
    assert np.array_equal(play(plain, 10), play(changed, 10))
    change(changed)
    assert not np.array_equal(play(plain, 30), play(changed, 30))


def test_guidance_switched_on_later_catches_up_on_missed_frames(model: MusicModel) -> None:
    """Without guidance the unconditional row is not computed; switching on must fill it in."""
    stream = MusicStream(model, "piano", top_k=1, guidance_scale=1.0)
    play(stream, 20)
    stream.guidance_scale = 3.0
    next(stream)
    reference = MusicStream(model, "piano")._window.decoder
    reference.set_prompt(model.encode_prompt("piano"))
    reference.guided = True
    for position in range(stream._position):
        reference.step(stream._window.inputs[:, position : position + 1], position)
    read = slice(0, stream._position)
    difference = stream._window.decoder.cache[..., read, :] - reference.cache[..., read, :]
    assert difference.abs().max() < 1e-4


def test_without_a_prompt_guidance_makes_no_difference(model: MusicModel) -> None:
    sounds = [MusicStream(model, "", guidance_scale=g).generate(20) for g in (0.0, 1.0, 5.0)]
    assert np.array_equal(sounds[0], sounds[1]) and np.array_equal(sounds[1], sounds[2])


def test_controls_are_safe_from_several_threads(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", window_seconds=0.6)
    stream.steering.add(direction(model))
    done = threading.Event()
    failures: list[Exception] = []

    def turn(index: int) -> None:
        count = 0
        try:
            while not done.is_set():
                count += 1
                stream.steering.set("note_C", (count % 7) / 7)
                stream.guidance_scale = float(count % 4)
                stream.temperature = 0.5 + count % 2
                stream.top_k = 1 + count % 60
                if count % 5 == index:
                    stream.set_prompt(("piano", "drums", "")[count % 3])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=turn, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    try:
        chunks = [next(stream) for _ in range(60)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert all(np.isfinite(chunk).all() and len(chunk) == FRAME for chunk in chunks)


# ---- faults ----


def test_overflowing_coefficient_plays_those_frames_unsteered(model: MusicModel) -> None:
    """The overflow leaves no trace in later frames."""
    stream = MusicStream(model, "piano", seed=3)
    stream.steering.add(direction(model))
    plain = MusicStream(model, "piano", seed=3)
    play(stream, 5)
    stream.steering.add(loud(model), 1.0)
    audio = play(stream, 10)
    assert np.isfinite(audio).all() and stream.faults == 10
    stream.steering.set("note_C", 0.0)
    assert np.isfinite(play(stream, 30)).all()
    assert stream.faults == 10
    play(plain, 15)
    stream.restart()
    plain.restart()
    assert np.array_equal(play(stream, 10), play(plain, 10))


def test_corrupted_cache_is_recomputed(model: MusicModel) -> None:
    stream, plain = (MusicStream(model, "piano", seed=3) for _ in range(2))
    assert np.array_equal(play(stream, 10), play(plain, 10))
    stream._window.decoder.cache[:, :, :, :, 4] = torch.nan
    audio = play(stream, 20)
    assert stream.faults == 1
    assert np.allclose(audio, play(plain, 20), atol=1e-4)


def test_infinite_logits_warn_once_and_cost_one_recomputation(
    model: MusicModel, monkeypatch, caplog
) -> None:
    stream = MusicStream(model, "piano", seed=3)
    play(stream, 60)
    read, computed = [], []
    again, logits = Windows.read_again, Chooser._logits
    monkeypatch.setattr(
        Windows, "read_again", lambda self, *a, **k: (read.append(1), again(self, *a, **k))
    )

    def broken(self, *a):
        computed.append(1)
        logits(self, *a)

    monkeypatch.setattr(Chooser, "_logits", broken)
    assert np.isfinite(play(stream, 40)).all()
    assert len(read) == 1 and len(computed) == 41 and stream.faults == 40
    assert len([r for r in caplog.records if "not finite" in r.getMessage()]) == 1
    monkeypatch.setattr(Chooser, "_logits", logits)
    assert play(stream, 20).std() > 1e-3 and stream.faults == 40


def test_overflowing_steering_is_not_retried_every_frame(model: MusicModel, monkeypatch) -> None:
    stream = MusicStream(model, "piano", seed=3)
    stream.steering.add(direction(model))
    play(stream, 5)
    computed = []
    logits = Chooser._logits
    monkeypatch.setattr(
        Chooser, "_logits", lambda self, *a: (computed.append(1), logits(self, *a))[1]
    )
    stream.steering.add(loud(model), 1.0)
    play(stream, 40)
    assert len(computed) == 41 and stream.faults == 40
    stream.steering.add(direction(model), 0.01)
    play(stream, 5)
    assert len(computed) == 46 and stream.faults == 40


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_broken_model_repeats_its_last_codes(tmp_path: Path, value: float) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "m"), device="cpu")
    stream = MusicStream(model, "piano", seed=3)
    codes = record_codes(stream)
    play(stream, 10)
    model.decoder_weights.heads.fill_(value)
    audio = play(stream, 20)
    assert stream.faults == 20
    assert np.isfinite(audio).all()
    assert torch.equal(codes[-1], codes[-10])
    stream.restart()
    assert np.isfinite(play(stream, 5)).all()
    assert ((codes[-1] >= 0) & (codes[-1] < model.codes)).all()


def test_failing_schedule_function_holds_its_last_value(model: MusicModel) -> None:
    """The sound equals that of a constant schedule."""
    steered, held = (MusicStream(model, "piano", seed=3) for _ in range(2))
    for stream in (steered, held):
        stream.steering.add(direction(model), 1.0)
    steered.steering.set_schedule("note_C", lambda step, base: base * (1 if step < 9 else 1 // 0))
    assert np.array_equal(play(steered, 30), play(held, 30))
    assert steered.faults == 0


@pytest.mark.slow
def test_half_precision_plays(checkpoint: Path) -> None:
    for dtype in ("float16", "bfloat16"):
        half = MusicModel.load(checkpoint, device="cpu", dtype=dtype)
        stream = MusicStream(half, "piano", window_seconds=0.6)
        stream.steering.add(direction(half), 0.5)
        audio = play(stream, 50)
        assert audio.dtype == np.float32 and np.isfinite(audio).all() and audio.std() > 1e-3
        assert stream.faults == 0


# ---- refusals ----


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ({"guidance_scale": float("nan")}, "guidance_scale must be a number"),
        ({"guidance_scale": -1}, "guidance_scale must be a number of at least 0, not -1"),
        ({"temperature": "hot"}, "temperature must be a number .* not 'hot'"),
        ({"temperature": float("inf")}, "temperature"),
        ({"top_k": 2.5}, "top_k must be a whole number, not 2.5"),
        ({"top_k": -1}, "top_k must be at least 0"),
        ({"chunk_frames": 0}, "chunk_frames must be at least 1"),
        ({"seed": "x"}, "seed must be a whole number"),
        ({"steer_guidance": "all"}, "steer_guidance must be both or conditional, not 'all'"),
        ({"window_seconds": 0.05}, "window_seconds 0.05 is too short: .* at least 0.16 s"),
        ({"keep_seconds": -1}, "keep_seconds"),
        ({"prompt": 5}, "must be text"),
    ],
)
def test_unusable_settings_are_refused(model: MusicModel, options: dict, pattern: str) -> None:
    with pytest.raises(MusicRFMError, match=pattern):
        MusicStream(model, **options)


def test_an_unusable_value_changes_nothing(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", guidance_scale=2.0, temperature=0.9, top_k=7)
    for name, value in (
        *(("guidance_scale", -1.0), ("temperature", None), ("top_k", "many")),
        ("steer_guidance", None),
    ):
        with pytest.raises(MusicRFMError, match=name):
            setattr(stream, name, value)
    with pytest.raises(MusicRFMError):
        stream.set_prompt(None)
    assert (stream.prompt, stream.guidance_scale) == ("piano", 2.0)
    assert (stream.temperature, stream.top_k, stream.steer_guidance) == (0.9, 7, "both")


def test_default_window_and_its_limits(model: MusicModel) -> None:
    assert (MusicStream(model).window, MusicStream(model).keep) == (128, 64)
    long = MusicStream(model, window_seconds=60, keep_seconds=0.4)
    assert (long.window, long.keep) == (128, 20)


def test_public_names_exist_and_unknown_names_do_not() -> None:
    import musicrfm

    for name in musicrfm.__all__:
        assert getattr(musicrfm, name).__name__ == name
    assert not hasattr(musicrfm, "anything_else")
