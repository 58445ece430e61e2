"""The engine: its sound, the timing of control changes, rewinds, and faults it survives."""

from __future__ import annotations

import time

import numpy as np
import pytest

from bridge.controls.controls import Controls, namespace
from bridge.engine import Engine
from bridge.engine.glide import Glide
from tests.bridge.tones import FRAME, RATE, Collector, Tape, ToneStream, largest_step, pitch

STEERS = {"/steer/note_C": "note_C", "/steer/tempo": "tempo"}
TONE_STEP = 0.5 * 2 * np.pi * 220 / RATE  # the steepest a tone of level 0.5 gets


def make(stream=None, start=None, **settings):
    stream = stream or ToneStream()
    controls = Controls(namespace(["note_C", "tempo"]), start)
    output = Collector()
    engine = Engine(stream, controls, output, STEERS, **settings)
    return stream, controls, output, engine


def play(engine: Engine) -> None:
    engine.start()
    assert engine.join(20.0), "the engine did not end"
    assert engine.failure is None


def test_plays_exactly_the_requested_seconds_and_closes_the_output():
    _, _, output, engine = make(seconds=1.003)
    play(engine)
    assert len(output.audio) == round(1.003 * RATE)
    assert output.closed
    assert engine.audio_seconds == pytest.approx(1.003, abs=1e-4)
    assert engine.maker.frames == 51


def test_fades_in_at_the_start_and_out_at_the_end():
    _, _, output, engine = make(seconds=2.0)
    play(engine)
    audio = output.audio[:, 0]
    assert abs(audio[0]) < 1e-3 and abs(audio[-1]) < 1e-3
    assert largest_step(output.audio) < 1.2 * TONE_STEP
    middle = audio[RATE // 2 : RATE]
    np.testing.assert_allclose(np.abs(middle).max(), 0.5, atol=1e-3)
    before_the_end = np.abs(audio[-4 * FRAME :]).max()
    assert before_the_end < 0.2


def test_very_short_sets_still_sound():
    _, _, output, engine = make(seconds=0.1)
    play(engine)
    assert len(output.audio) == RATE // 10
    assert np.abs(output.audio).max() > 0.3


def test_stop_fades_out_and_ends():
    _, _, output, engine = make()
    output.hooks[50] = engine.stop
    play(engine)
    assert 50 + 15 <= len(output.blocks) <= 50 + 18
    assert largest_step(output.audio) < 1.2 * TONE_STEP
    assert abs(output.audio[-1, 0]) < 1e-3


def test_coefficient_changes_are_smoothed_over_the_set_time():
    stream, controls, output, engine = make(seconds=1.0, smoothing=0.1)
    output.hooks[20] = lambda: controls.set("/steer/note_C", 1.0)
    play(engine)
    values = [(frame, value) for frame, name, value in stream.steering.moves if name == "note_C"]
    glide = [value for frame, value in values if frame >= 20]
    assert glide == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert [frame for frame, _ in values if frame >= 20] == [20, 21, 22, 23, 24]
    assert engine.applier.count == 1
    assert pitch(output.audio[RATE // 2 : RATE // 2 + 8000], RATE) == pytest.approx(440, rel=0.01)


def test_change_during_a_glide_continues_from_the_current_value():
    glide = Glide(0.0)
    glide.to(1.0, 4)
    assert [glide.step(), glide.step()] == pytest.approx([0.25, 0.5])
    glide.to(0.0, 2)
    assert [glide.step(), glide.step(), glide.step()] == pytest.approx([0.25, 0.0, 0.0])


def test_starting_coefficients_apply_from_the_first_frame():
    stream, _, _, engine = make(seconds=0.2, start={"/steer/note_C": 0.5})
    play(engine)
    assert (0, "note_C", 0.5) in stream.steering.moves
    assert {value for _, name, value in stream.steering.moves if name == "note_C"} == {0.5}


def test_every_parameter_reaches_the_stream():
    stream, controls, output, engine = make(seconds=0.5)

    def turn():
        controls.set("/prompt", "strings")
        controls.set("/guidance", 2)
        controls.set("/temperature", 0.5)
        controls.set("/top_k", 10)
        controls.set("/steer/tempo/layers", "top:2")
        controls.set("/steer/tempo/schedule", "linear:50")
        controls.set("/steer/tempo/inject", 0.25)
        controls.set("/steer/tempo/inject_per", "step")
        controls.set("/steer/tempo/component", "0,1")
        controls.set("/steer_guidance", "conditional")
        controls.set("/keep_norm", 1)

    output.hooks[5] = turn
    play(engine)
    assert stream.prompt == "strings"
    assert (stream.guidance_scale, stream.temperature, stream.top_k) == (2.0, 0.5, 10)
    assert (5, "tempo", "layers", "top:2") in stream.steering.calls
    assert (5, "tempo", "schedule", "linear:50") in stream.steering.calls
    assert (5, "tempo", "inject", 0.25) in stream.steering.calls
    assert (5, "tempo", "inject_per", "step") in stream.steering.calls
    assert (5, "tempo", "component", "0,1") in stream.steering.calls
    assert stream.steer_guidance == "conditional" and stream.steering.keep_norm is True
    assert engine.applier.count == 11


def coefficients(stream, name: str) -> dict[int, float]:
    """Frame to the coefficient set at it."""
    return {frame: value for frame, moved, value in stream.steering.moves if moved == name}


def test_crossfade_takes_its_seconds_at_a_constant_sum():
    stream, controls, output, engine = make(seconds=2.0, start={"/steer/note_C": 0.8})
    output.hooks[20] = lambda: controls.set("/crossfade", ("note_C", "tempo", 0.8))
    play(engine)
    out, into = coefficients(stream, "note_C"), coefficients(stream, "tempo")
    frames = range(20, 60)
    assert [out[frame] + into[frame] for frame in frames] == pytest.approx([0.8] * 40)
    # A raised cosine, half-way at 0.4 of the time: slow, quick, slow.
    time = (np.arange(1, 41) / 40) ** (np.log(0.5) / np.log(0.4))
    course = 0.4 - 0.4 * np.cos(np.pi * time)
    assert [into[frame] for frame in frames] == pytest.approx(course.tolist())
    assert into[35] == pytest.approx(0.4)
    assert max(out) == max(into) == 59
    assert engine.applier.count == engine.controls.received == 2


@pytest.mark.parametrize("target", [0.0, 0.5])
def test_a_fader_moved_during_a_crossfade_takes_over(target):
    stream, controls, output, engine = make(seconds=1.0, start={"/steer/note_C": 1.0})
    output.hooks[10] = lambda: controls.set("/crossfade", ("note_C", "tempo", 0.6))
    output.hooks[20] = lambda: controls.set("/steer/note_C", target)
    play(engine)
    out, into = coefficients(stream, "note_C"), coefficients(stream, "tempo")
    assert out[19] == pytest.approx(0.6004955)  # a third of its time is over
    assert out[21] == pytest.approx(target) and max(out) == 21  # smoothed, as any change
    assert max(into) == 39 and into[39] == pytest.approx(1.0)


def test_panic_ends_a_crossfade_at_once():
    stream, controls, output, engine = make(seconds=1.0, start={"/steer/note_C": 1.0})
    output.hooks[10] = lambda: controls.set("/crossfade", ("note_C", "tempo", 0.6))
    output.hooks[20] = lambda: controls.set("/panic")
    play(engine)
    for name in ("note_C", "tempo"):
        course = coefficients(stream, name)
        assert course[20] == 0.0 and max(course) == 20


def test_planned_crossfades_run_in_time_and_impossible_ones_are_reported():
    stream, controls, output, engine = make(
        seconds=1.0,
        start={"/steer/note_C": 1.0},
        plan=[
            (0.6, "/crossfade", ("tempo", "note_C", 0.0)),
            (0.2, "/crossfade", ("note_C", "tempo", 0.2)),
            (0.5, "/crossfade", ("note_C", "tempo", 0.2)),
        ],
    )
    told = []
    controls.on_error(lambda message, source: told.append((message, source)))
    play(engine)
    into = coefficients(stream, "tempo")
    assert into[13] == pytest.approx(0.5) and into[19] == pytest.approx(1.0) and into[30] == 0.0
    assert coefficients(stream, "note_C")[30] == 1.0
    ((message, source),) = told
    assert "/crossfade is skipped: /steer/note_C is at 0" in message and source == "rig"


def test_schedule_set_again_restarts():
    stream, controls, output, engine = make(seconds=0.5)
    for block in (5, 9):
        output.hooks[block] = lambda: controls.set("/steer/tempo/schedule", "linear:50")
    play(engine)
    starts = [frame for frame, _, what, text in stream.steering.calls if text == "linear:50"]
    assert starts == [5, 9]


def test_unusable_value_is_reported_to_its_sender_and_the_old_one_stays():
    stream, controls, output, engine = make(seconds=0.5, start={"/prompt": "piano"})
    told = []
    controls.on_error(lambda message, source: told.append((message, source)))
    output.hooks[5] = lambda: controls.set("/prompt", "unencodable", "someone")
    output.hooks[8] = lambda: controls.set("/steer/note_C/layers", "unusable", "another")
    play(engine)
    assert len(output.blocks) == 25
    assert stream.prompt == "piano" and controls.get("/prompt") == "piano"
    assert controls.get("/steer/note_C/layers") == "all"
    assert [source for _, source in told] == ["someone", "another"]
    assert "cannot be encoded" in told[0][0] and "/prompt" in told[0][0]


def test_failing_frame_does_not_end_the_set():
    stream, controls, output, engine = make(seconds=1.0)
    stream.broken = {20, 21}
    told = []
    controls.on_error(lambda message, source: told.append(message))
    play(engine)
    assert len(output.audio) == RATE
    assert stream.restarts == 2
    assert len(told) == 1 and "cannot be made" in told[0]
    assert np.abs(output.audio[19 * FRAME + 300 : 20 * FRAME]).max() < 0.05
    assert np.abs(output.audio[30 * FRAME : 32 * FRAME]).max() == pytest.approx(0.5, abs=0.01)
    assert largest_step(output.audio) < 2 * TONE_STEP


def test_nan_and_infinity_never_reach_the_output():
    class Poisoned(ToneStream):
        def __next__(self):
            audio = super().__next__()
            audio[::7] = np.nan
            audio[::11] = np.inf
            return audio

    _, _, output, engine = make(Poisoned(), seconds=0.5)
    play(engine)
    assert np.isfinite(output.audio).all()
    assert np.abs(output.audio).max() <= 1.0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda audio: audio[:, 0], "has the shape (640,), not (samples, 2)"),
        (lambda audio: audio[:, :1], "has the shape (640, 1), not (samples, 2)"),
        (lambda audio: audio[:0], "is empty"),
        (lambda audio: None, "has values of type object"),
        (lambda audio: 1e9 * audio, "is far too loud"),
        (lambda audio: audio + np.nan, "has values that are not finite"),
    ],
)
@pytest.mark.parametrize("cue", [False, True])
def test_unplayable_block_is_repaired_and_reported_once(spoil, said, cue):
    class Spoilt(ToneStream):
        def __next__(self):
            audio = super().__next__()
            return spoil(audio) if self.frame > 10 else audio

    _, controls, output, engine = make(Spoilt(2), seconds=0.5, cue=cue)
    told = []
    controls.on_error(lambda message, source: told.append(message))
    play(engine)
    assert output.audio.shape == (RATE // 2, 4 if cue else 2)
    assert np.isfinite(output.audio).all() and np.abs(output.audio).max() <= 1.0
    assert len(told) == 1 and said in told[0]


def test_gain_is_in_decibels_moves_smoothly_and_is_limited():
    _, controls, output, engine = make(seconds=2.0)
    output.hooks[30] = lambda: controls.set("/gain", -6.0206)
    output.hooks[50] = lambda: controls.set("/gain", 12.0)
    output.hooks[70] = lambda: controls.set("/gain", -60.0)
    play(engine)
    level = lambda first, last: np.abs(output.audio[first * FRAME : last * FRAME]).max()  # noqa: E731
    assert level(20, 30) == pytest.approx(0.5, abs=1e-3)
    assert level(35, 45) == pytest.approx(0.25, abs=1e-3)
    assert 0.9 < level(55, 65) <= 1.0
    assert level(75, 80) == 0.0
    assert largest_step(output.audio) < 4.1 * TONE_STEP


def test_pause_fades_to_silence_without_generating_and_resumes():
    stream, controls, output, engine = make(seconds=2.0)
    output.hooks[20] = lambda: controls.set("/play", 0)
    output.hooks[60] = lambda: controls.set("/play", 1)
    play(engine)
    assert stream.frame < 100 - 30
    assert np.abs(output.audio[30 * FRAME : 60 * FRAME]).max() == 0.0
    assert np.abs(output.audio[65 * FRAME : 70 * FRAME]).max() == pytest.approx(0.5, abs=0.01)
    assert largest_step(output.audio) < 1.2 * TONE_STEP


def test_stopping_while_paused_ends_at_once():
    _, controls, output, engine = make(start={"/play": 0})
    output.hooks[5] = engine.stop
    play(engine)
    assert len(output.blocks) == 5


def test_panic_resets_steering_and_sampling_at_once_and_restarts_the_stream():
    stream, controls, output, engine = make(
        seconds=1.0, smoothing=0.5, start={"/steer/note_C": 1.0, "/gain": -3.0}
    )
    output.hooks[10] = lambda: controls.set("/temperature", 3.0)
    output.hooks[20] = lambda: controls.set("/panic")
    play(engine)
    assert (20, "note_C", 0.0) in stream.steering.moves
    assert stream.temperature == 1.0
    assert stream.restarts == 1
    assert largest_step(output.audio) < 2.2 * TONE_STEP


@pytest.mark.slow  # it plays in time
def test_engine_keeps_the_buffer_at_the_lookahead():
    """The engine keeps its buffer at the lookahead on a real-time output."""
    from bridge.audio.output import PacedOutput

    stream = ToneStream()
    controls = Controls(namespace(["note_C", "tempo"]))
    output = PacedOutput(RATE, "none", 0.1)
    engine = Engine(stream, controls, output, STEERS, lookahead=0.1)
    engine.start()
    ahead = []
    deadline = time.monotonic() + 0.8
    while time.monotonic() < deadline:
        time.sleep(0.02)
        ahead.append(engine.status().buffer)
    engine.stop()
    assert engine.join(5.0)
    assert max(ahead) <= 0.1 + FRAME / RATE + 0.005
    assert np.median(ahead) >= 0.06
    assert output.underruns == 0


class Memory:
    """A recorder in memory."""

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []

    def write(self, audio: np.ndarray) -> None:
        self.blocks.append(audio)

    def close(self) -> None:
        pass


def until(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


@pytest.fixture
def deep():
    """An engine with half a second of buffer on a tape that does not move."""
    stream, tape, memory = ToneStream(), Tape(), Memory()
    controls = Controls(namespace(["note_C", "tempo"]))
    engine = Engine(stream, controls, tape, STEERS, recorders=[memory], lookahead=0.5)
    engine.start()
    until(lambda: len(tape.sound) >= 26 * FRAME)
    yield stream, controls, tape, engine, memory
    engine.stop()
    # The tape has to move for the engine to go on.
    tape.settled = len(tape.sound)
    until(lambda: not _nudge(tape, engine))
    assert engine.failure is None


def made_again(tape, before: int) -> bool:
    """Whether, after `before` writes, the music was written up to its end once more."""
    return len(tape.writes) > before and tape.writes[-1] >= 25 * FRAME


def _nudge(tape, engine) -> bool:
    tape.settled = len(tape.sound)
    time.sleep(0.002)
    return engine.running


def test_change_regenerates_the_buffer_from_the_earliest_possible_frame(deep):
    stream, controls, tape, engine, memory = deep
    old = tape.sound.copy()
    tape.settled = 5 * FRAME + 100
    controls.set("/steer/note_C", 1.0)
    until(lambda: engine.takes.rewinds == 1 and len(tape.sound) >= 31 * FRAME)
    first = next(at for at in tape.writes[26:])
    margin = first - tape.settled
    assert 0.008 * RATE <= margin <= 10 * FRAME and first % FRAME == 0
    np.testing.assert_array_equal(tape.sound[:first], old[:first])
    assert pitch(tape.sound[first + 4 * FRAME : first + 14 * FRAME], RATE) == pytest.approx(
        440, rel=0.02
    )
    assert largest_step(tape.sound) < 2.2 * TONE_STEP
    assert engine.applier.count == 1 and engine.takes.remade == 26 - first // FRAME
    # The recording holds the settled audio exactly once.
    np.testing.assert_array_equal(
        np.concatenate(memory.blocks), tape.sound[: sum(map(len, memory.blocks))]
    )


def test_rewind_sounds_as_if_the_change_had_come_in_time(deep):
    stream, controls, tape, engine, _ = deep
    tape.settled = 3 * FRAME
    controls.set("/steer/note_C", 0.7)
    until(lambda: engine.takes.rewinds == 1 and len(tape.sound) >= 28 * FRAME)
    turned = tape.writes[26] // FRAME
    _, plain_controls, plain, plain_engine = make(seconds=3.0)
    plain.hooks[turned] = lambda: plain_controls.set("/steer/note_C", 0.7)
    play(plain_engine)
    np.testing.assert_array_equal(tape.sound[: 28 * FRAME], plain.audio[: 28 * FRAME])


def test_unchanged_value_causes_no_rewind(deep):
    _, controls, tape, engine, _ = deep
    writes = len(tape.writes)
    controls.set("/steer/note_C", 0.0)
    controls.set("/gain", 0.0)
    time.sleep(0.1)
    assert engine.takes.rewinds == 0 and len(tape.writes) == writes


def test_gain_prompt_and_pause_rewind_too(deep):
    stream, controls, tape, engine, _ = deep
    turns = (("/gain", -60.0), ("/prompt", "strings"), ("/play", 0))
    for number, (address, value) in enumerate(turns, 1):
        before = len(tape.writes)
        controls.set(address, value)
        until(lambda n=number, b=before: engine.takes.rewinds == n and made_again(tape, b))
    assert stream.prompt == "strings"
    paused = tape.writes[before]  # how far it could go back depends on how busy the machine is
    assert paused <= 20 * FRAME
    assert np.abs(tape.sound[paused + 4 * FRAME :]).max() == 0.0
    assert engine.applier.count == 3


def test_flood_of_changes_leaves_30_percent_of_the_buffer(deep):
    stream, controls, tape, engine, _ = deep
    least = []

    def played_meanwhile():
        """Simulates a computer that generates at five times real time."""
        least.append(len(tape.sound) - tape.settled)
        tape.settled += FRAME // 5

    stream.slow = played_meanwhile
    for turn in range(10_000):
        controls.set("/steer/note_C", turn % 1000 / 1000)
        time.sleep(0.002)
        if tape.settled >= 3 * RATE:
            break
    stream.slow = lambda: None
    assert tape.settled >= 3 * RATE and engine.takes.rewinds > 10
    assert min(least) > 0.3 * 0.5 * RATE
    assert not tape.cut and largest_step(tape.sound[: tape.settled]) < 3 * TONE_STEP


def test_flood_of_changes_does_not_prevent_the_prefill():
    class Waiting(Tape):
        """Waits for its prefill; every frame changes a control."""

        lead = 0.3

        def write(self, at, audio):
            super().write(at, audio)
            controls.set("/steer/note_C", len(self.writes) / 1000)
            time.sleep(0.012)  # longer than the engine waits before it goes back again

    stream, tape = ToneStream(), Waiting()
    controls = Controls(namespace(["note_C"]))
    engine = Engine(stream, controls, tape, {"/steer/note_C": "note_C"}, lookahead=0.5)
    engine.start()
    until(lambda: len(tape.sound) >= 0.3 * RATE)
    engine.stop()
    tape.settled = 10**9
    assert engine.join(10)


def test_change_at_a_low_buffer_rewinds_once_it_is_fuller(deep):
    _, controls, tape, engine, _ = deep
    tape.settled = 21 * FRAME  # five frames are left, too few to go back
    controls.set("/steer/note_C", 0.7)
    until(lambda: np.diff(tape.writes).min() < 0 and made_again(tape, 27))
    assert tape.writes[26] == 26 * FRAME  # it counted from here on at first
    turned = tape.writes[int(np.argmin(np.diff(tape.writes))) + 1]  # the one step back
    assert 21 * FRAME < turned < 26 * FRAME
    time.sleep(0.1)
    assert engine.takes.rewinds == 1 and engine.applier.count == 1


def test_stopping_does_not_wait_for_the_buffer(deep):
    _, _, tape, engine, _ = deep
    before = len(tape.writes)
    engine.stop()
    until(lambda: engine.takes.rewinds == 1)
    until(lambda: not engine.running)
    assert len(tape.sound) >= 26 * FRAME  # the tape keeps the rest of the older take
    assert tape.writes[-1] <= 27 * FRAME
    # The fade has some time to arrive: otherwise more would be played than recorded.
    assert tape.writes[before] >= 10 * FRAME


def test_status_reports_steering_level_and_speed():
    _, controls, output, engine = make(seconds=0.6, start={"/steer/note_C": 0.5})
    states = []
    output.hooks[10] = lambda: states.append(engine.status())
    play(engine)
    (status,) = states
    assert status.steers == {"note_C": 0.5}
    assert status.level_db == pytest.approx(-6.0, abs=0.3)
    assert status.speed > 0 and status.playing
    assert engine.maker.real_time_factor > 0


def test_stereo_streams_play_in_stereo():
    _, _, output, engine = make(ToneStream(channels=2), seconds=0.2)
    play(engine)
    assert output.audio.shape == (RATE // 5, 2)


def test_morph_glides_guidance_temperature_and_gain():
    stream, output = ToneStream(), Collector()
    controls = Controls(namespace(["note_C"]), {"/guidance": 3.0})
    engine = Engine(stream, controls, output, {"/steer/note_C": "note_C"}, seconds=4.0)
    seen: list[tuple[float, float]] = []
    stream.slow = lambda: seen.append((stream.guidance_scale, stream.temperature))
    asked = {"/guidance": 1.0, "/temperature": 2.0, "/gain": -20.0}
    output.hooks[50] = lambda: controls.set_many(asked, 2.0, "test")
    output.hooks[175] = lambda: controls.set("/guidance", 5.0)
    engine.start()
    assert engine.join(30)
    guidance, temperature = np.array(seen).T
    assert guidance[40] == 3.0 and temperature[40] == 1.0
    assert guidance[100] == pytest.approx(2.0, abs=0.05)
    assert temperature[100] == pytest.approx(1.5, abs=0.03)
    assert guidance[160] == 1.0 and temperature[160] == 2.0
    assert guidance[-1] == 5.0  # at once
    loud = [float(np.abs(block).max()) for block in output.blocks]
    assert loud[40] == pytest.approx(0.5, abs=0.02)
    assert loud[100] == pytest.approx(0.275, abs=0.02)  # half-way, as an amplitude
    assert loud[160] == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("channels", [1, 2])
def test_cue_plays_the_music_at_the_cue_gain(channels):
    memory = Memory()
    stream, controls, output, engine = make(
        ToneStream(channels),
        {"/gain": -20.0, "/cue/gain": -6.0},
        seconds=2.0,
        cue=True,
        recorders=[memory],
    )
    output.hooks[40] = lambda: controls.set("/gain", -60.0)
    output.hooks[60] = lambda: controls.set("/cue/gain", -26.0)
    play(engine)
    music, cue = output.audio[:, :channels], output.audio[:, channels:]
    assert cue.shape == music.shape
    first = slice(RATE // 2, RATE // 2 + 8000)
    np.testing.assert_allclose(music[first] * 10**0.7, cue[first], atol=1e-6)
    assert not music[RATE : RATE + 8000].any() and np.abs(cue[RATE : RATE + 5000]).max() > 0.2
    later = cue[int(1.4 * RATE) : int(1.6 * RATE)]
    assert np.abs(later).max() == pytest.approx(0.5 * 10**-1.3, abs=1e-4)
    assert abs(cue[-1]).max() < 1e-3 and largest_step(cue) < 1.2 * TONE_STEP
    np.testing.assert_array_equal(np.concatenate(memory.blocks), music)  # which has no cue


def test_music_is_bit_identical_with_and_without_a_cue():
    heard = []
    for cue in (False, True):
        _, _, output, engine = make(ToneStream(2, 0.9), {"/gain": 3.0}, seconds=0.5, cue=cue)
        play(engine)
        heard.append(output.audio[:, :2])
    np.testing.assert_array_equal(*heard)


def test_morph_glides_the_cue_gain_and_a_rewind_restores_it():
    _, controls, _, engine = make(seconds=1.0, cue=True)
    before, gains = engine.maker.state, engine.maker.levels.gains
    engine.applier.follow([])
    controls.set_many({"/cue/gain": -12.0}, seconds=0.5)
    engine.applier.follow([])
    assert gains["/cue/gain"].moving and not gains["/gain"].moving
    engine.maker.state = before
    assert not gains["/cue/gain"].moving
