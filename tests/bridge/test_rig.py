"""The rig file: its keys, and the errors for invalid ones."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from bridge.controls.controls import Controls, namespace
from bridge.midi.controllers import MidiInput
from bridge.midi.learn import write_mapping
from bridge.midi.mapping import MidiMap
from bridge.network.hosts import network
from bridge.rig import CrossfadeSetting, Rig, SteerSetting, check_rig, load_rig
from musicrfm.errors import MusicRFMError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "rig.toml"
NOTES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")


def rig(tmp_path, text: str) -> Rig:
    path = tmp_path / "my-rig.toml"
    path.write_text(text, encoding="utf-8")
    return load_rig(path)


def test_every_rig_key_is_read(tmp_path):
    one = rig(
        tmp_path,
        """
        midi_port = "nano"
        [engine]
        model = "nano"
        prompt = "glass harmonica"
        seed = 7
        lookahead = 150
        smoothing = 80
        gain = -3
        guidance = 2.5
        temperature = 0.9
        top_k = 100
        steer_guidance = "conditional"
        keep_norm = true
        [output]
        to = "Scarlett"
        record = "set.flac"
        latency = "high"
        [osc]
        host = "0.0.0.0"
        port = 9100
        tcp = 3032
        allow = ["192.168.1.20", "10.0.0.0/8"]
        [web]
        at = "0.0.0.0:8080"
        host = ["Stage.example.org", "bühne"]
        [[steer]]
        name = "note_C#"
        coefficient = 0.4
        layers = "top:3"
        schedule = "linear:100"
        inject = 0.5
        inject_per = "step"
        component = "0,2"
        [[steer]]
        name = "tempo"
        [[crossfade]]
        from = "note_C#"
        to = "tempo"
        start = 10
        seconds = 4.5
        [[crossfade]]
        from = "tempo"
        to = "note_C#"
        seconds = 3
        [[midi]]
        cc = 21
        channel = 1
        to = "/steer/note_Db"
        range = [0, 1.2]
        [[midi]]
        cc = 22
        to = "/gain"
        """,
    )
    assert one.engine["prompt"] == "glass harmonica" and one.engine["lookahead"] == 150
    assert one.output == {"to": "Scarlett", "record": "set.flac", "latency": "high"}
    allowed = network("192.168.1.20"), network("10.0.0.0/8")
    assert one.osc == {"host": "0.0.0.0", "port": 9100, "tcp": 3032, "allow": allowed}
    assert one.web == {"at": "0.0.0.0:8080", "host": ("stage.example.org", "xn--bhne-0ra")}
    assert one.midi_ports == ("nano",)
    assert one.steer == (
        SteerSetting("note_C#", 0.4, "top:3", "linear:100", 0.5, "step", "0,2"),
        SteerSetting("tempo"),
    )
    assert one.crossfade == (
        CrossfadeSetting("note_C#", "tempo", 10.0, 4.5),
        CrossfadeSetting("tempo", "note_C#", 0.0, 3.0),
    )
    assert one.engine["steer_guidance"] == "conditional" and one.engine["keep_norm"] == 1
    assert one.folder == tmp_path.resolve()
    assert one.midi == (
        MidiMap("cc", 21, "/steer/note_Cs", 1, 0.0, 1.2),
        MidiMap("cc", 22, "/gain"),
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_rig_keeps_its_encoding_and_line_endings(tmp_path, mark, encoding, newline):
    path = tmp_path / "rig.toml"
    text = '# für heute\n[engine]\nprompt = "Übung"\n\n[osc]\nport = 9100\n'
    path.write_bytes(mark + text.replace("\n", newline).encode(encoding))
    assert load_rig(path).engine == {"prompt": "Übung"}
    write_mapping(path, {"cc": 21, "to": "/gain"})
    written = path.read_bytes()
    assert written.startswith(mark)
    after = written[len(mark) :].decode(encoding)
    assert after.count("\n") == after.count(newline) and "\ufeff" not in after
    assert after.replace("\r\n", "\n").startswith(text)
    rig = load_rig(path)
    assert rig.engine == {"prompt": "Übung"} and rig.midi[0].to == "/gain"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r'[output]@record = "C:\tracks\new.flac"', r"line 2: .* contains a tab, .* single quotes"),
        (
            r'[output]@record = "C:\new\tape.flac"',
            r"line 2: .* contains a line break, .*single quotes",
        ),
        (r'[output]@to = "D:\bass.wav"', r"contains the control character '\\x08'.*single quotes"),
        (r'[output]@record = "C:\music\set.flac"', r"not valid TOML: .* single quotes"),
        (r'[engine]@model = "C:\Users\me\model"', r"not valid TOML: .* single quotes"),
        (r'[[steer]]@name = "C:\directions\new.safetensors"', r"not valid TOML: .* single quotes"),
        (r'[[steer]]@name = "C:\t.safetensors"', r"contains a tab"),
        ("[engine]@prompt = “calm”", "this line has typographic quotes"),
        ("[engine]@prompt =\u00a0'calm'", "no-break space"),
        ("[engine]@prompt: 'calm'", "write = between a key and its value"),
        ("[engine]@keep_norm = True", "true and false are written in small letters"),
        ("[engine]@gain = -6,5", "write a decimal point"),
        ("[engine]@prompt = calm piano", "put a text in quotes"),
        ("a = " + "[" * 5000, "nested too deeply|not valid TOML"),
        ("a = " + "9" * 5000, "not valid TOML: a number in it is too long$"),
    ],
)
def test_common_toml_mistakes_are_refused_with_the_fix(tmp_path, text, said):
    path = tmp_path / "rig.toml"
    path.write_text(text.replace("@", "\n"), "utf-8")
    with pytest.raises(MusicRFMError, match=said) as refused:
        load_rig(path)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 600


def test_windows_paths_in_single_quotes_and_prompts_with_line_breaks_are_read(tmp_path):
    text = "[output]\nrecord = 'C:\\tracks\\new.flac'\n[engine]\nprompt = \"calm\\npiano\"\n"
    one = rig(tmp_path, text)
    assert one.output["record"] == r"C:\tracks\new.flac" and one.engine["prompt"] == "calm\npiano"


def test_file_that_is_no_rig_is_refused(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_bytes('[engine]\nprompt = "Übung"\n'.encode("latin-1"))
    with pytest.raises(MusicRFMError, match=r"rig.toml is not UTF-8 \(byte 19, in line 2\)"):
        load_rig(path)
    with pytest.raises(MusicRFMError, match="is not UTF-8"):
        write_mapping(path, {"cc": 21, "to": "/gain"})
    with pytest.raises(MusicRFMError, match="is a folder, not a rig file"):
        load_rig(tmp_path)


def test_tilde_in_a_rig_path_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_mapping("~/rig.toml", {"cc": 21, "to": "/gain"})
    assert load_rig("~/rig.toml").path == tmp_path / "rig.toml"


def test_an_empty_file_is_a_rig(tmp_path):
    assert rig(tmp_path, "") == Rig()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[engine]\nlookahed = 200", r"\[engine\] has an unknown key 'lookahed'.*lookahead"),
        ("[engin]\nseed = 1", "unknown key 'engin'; did you mean engine"),
        ("colour = 'red'", "unknown key 'colour'; known: "),
        ("[engine]\nlookahead = 'short'", r"\[engine\] lookahead must be a number, not 'short'"),
        ("[engine]\nlookahead = 5", r"\[engine\] lookahead must be from 40 to 10000, not 5"),
        ("[engine]\nseed = 1.5", "seed must be a whole number"),
        ("[engine]\nseed = true", "seed must be a whole number"),
        ("[engine]\ngain = nan", "gain must be a number"),
        ("[engine]\nprompt = 3", "prompt must be a text"),
        ("engine = 3", r"engine must be a table, written \[engine\]"),
        ("[output]\nlatency = 'lowest'", "latency must be low or high, not 'lowest'"),
        ("[midi]\ncc = 1", r"midi is a list of tables: write \[\[midi\]\]"),
        ("[[midi]]\nto = '/gain'", r"\[\[midi\]\] number 1 needs one of the keys cc, "),
        ("[[midi]]\ncc = 1\nto = '/gain'\n[[midi]]\ncc = 1", r"number 2 needs the key to"),
        ("[[midi]]\ncc = 128\nto = '/gain'", "cc must be from 0 to 127, not 128"),
        ("[[midi]]\ncc = 1\nchannel = 0\nto = '/gain'", "channel must be from 1 to 16, not 0"),
        ("[[midi]]\ncc = 1\nto = 'gain'", "must be an address"),
        ("[[midi]]\ncc = 1\nto = '/gain'\nrange = [1]", r"range must be two numbers"),
        ("[[midi]]\ncc = 1\nto = '/gain'\nrange = [0, '1']", r"range must be two numbers"),
        ("[[steer]]\ncoefficient = 1", "needs the key name"),
        ("[[steer]]\nname = 'tempo'\ncoefficient = 3", "coefficient must be from -2 to 2, not 3"),
        ("[[steer]]\nname = 'tempo'\ncoeficient = 1", "did you mean coefficient"),
        ("[[steer]]\nname = 'a'\ninject_per = 'beat'", "inject_per must be layer or step, not"),
        ("[[steer]]\nname = 'a'\ncomponent = 1", "component must be a text in quotes, not 1"),
        ("[engine]\nsteer_guidance = 'one'", "must be both or conditional, not 'one'"),
        ("[engine]\nkeep_norm = 'yes'", "keep_norm must be true or false, not 'yes'"),
        (
            "[[crossfade]]\nfrom = 'a'\nto = 'b'",
            r"\[\[crossfade\]\] number 1 needs the key seconds",
        ),
        ("[crossfade]\nfrom = 'a'", r"crossfade is a list of tables: write \[\[crossfade\]\]"),
        ("midi_port = 3", "midi_port must be a text"),
        ("midi_port = ['a', 3]", "midi_port must be a text in quotes or a list of them"),
        ("[[midi]]\ncc = 1\nnote = 2\nto = '/gain'", "needs one of the keys .* not cc and note"),
        ("[[midi]]\nnotes = false", "notes can only be true, not False"),
        ("[[midi]]\nnotes = true\nto = '/gain'", "takes no key to"),
        ("[[midi]]\ncc14 = 32\nto = '/gain'", "cc14 must be from 0 to 31"),
        ("[[midi]]\ncc = 1\nto = '/gain'\ncurve = 'x'", "curve must be linear or exp or log or s"),
        ("[[midi]]\nprogram = 3", "needs the key preset: the preset that program 3 recalls"),
        (
            "[[midi]]\ncc = 3\nto = '/gain'\npreset = 'a'",
            "preset also needs the number of a program",
        ),
        ("[osc]\ntcp = true", 'tcp must be a whole number or "off", not True'),
        ("[osc]\ntcp = 70000", "tcp must be from 0 to 65535"),
        ("[web]\nhost = 'http://stage'", "'http://stage' is not a host name: give the name alone"),
        ("[web]\nhost = 3", "host must be a text in quotes or a list"),
        ("[web]\nat = 'stage'", "'stage' is not .HOST:.PORT"),
        ("[engine", "not valid TOML"),
    ],
)
def test_invalid_rig_is_an_error_that_names_file_and_key(tmp_path, text, said):
    with pytest.raises(MusicRFMError, match=said) as info:
        rig(tmp_path, text)
    assert "my-rig.toml" in str(info.value)
    assert "\n" not in str(info.value)


def test_missing_or_binary_rig_is_named_in_the_error(tmp_path):
    with pytest.raises(MusicRFMError, match="nowhere.toml"):
        load_rig(tmp_path / "nowhere.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(MusicRFMError, match="binary.toml"):
        load_rig(tmp_path / "binary.toml")


def test_example_rig_maps_eight_knobs_to_existing_addresses():
    one = load_rig(EXAMPLE)
    assert len(one.midi) == 8
    assert len({knob.number for knob in one.midi}) == 8
    names = [f"note_{note}" for note in NOTES] + ["tempo"]
    MidiInput(Controls(namespace(names)), one.midi)  # raises for an address that is not there


def test_every_midi_source_can_be_written_and_read_again(tmp_path):
    path = tmp_path / "rig.toml"
    entries = [
        "cc = 1\nto = '/gain'\nrange = [-60, 0]\ncurve = 'log'\npickup = true\nport = 'nano'",
        "cc14 = 2\nto = '/gain'",
        "nrpn = 16383\nto = '/gain'",
        "pitch_bend = true\nchannel = 2\nto = '/steer/note_C'",
        "pressure = true\nto = '/steer/note_C'",
        "note = 36\nto = '/play'\ntoggle = true",
        "notes = true\nrange = [0, 1.2]",
        "program = true",
        "program = 4\npreset = 'verse'",
    ]
    text = "midi_port = ['nano', 'keys']\n" + "".join(f"[[midi]]\n{entry}\n" for entry in entries)
    path.write_text(text)
    one = load_rig(path)
    assert one.midi_ports == ("nano", "keys") and len(one.midi) == len(entries)
    assert one.midi[0] == MidiMap(
        "cc", 1, "/gain", None, -60.0, 0.0, curve="log", pickup=True, port="nano"
    )
    assert [m.source for m in one.midi[1:]] == [e.split(" ")[0] for e in entries[1:]]
    assert check_rig({"midi": [m.entry() for m in one.midi]}, "again").midi == one.midi


@pytest.mark.parametrize(
    "text, line",
    [
        ("# one\n[engine]\n\nprompt = 3\n", 4),
        ("[engine]\nprompt = '''a\nseed = 1\n'''\nseed = -1\n", 5),
        ("[[midi]]\ncc = 1\nto = '/gain'\n[[midi]]\ncc = 2\nto = '/gain'\nrange = 3\n", 7),
        ("[osc]\nport = 9000\n[[midi]]\ncc = 1\n", 3),
        ("\n[oscs]\nport = 9000\n", 2),
        ("[presets.a]\n'/gain' = 1\n[presets.'b c']\n'/gain' = true\n", 4),
        ("[presets.a]\ngain = 1\n", 2),
        ("[engine]\nseed = = 3\n", 2),
    ],
)
def test_an_error_names_the_line(tmp_path, text, line):
    with pytest.raises(MusicRFMError, match=rf"line {line}\b"):
        rig(tmp_path, text)


def test_music_and_cue_outputs_are_read(tmp_path):
    text = '[output]\nto = "MOTU"\nchannels = [3, 4]\ncue = "5-6"\ncue_gain = -6\n'
    one = rig(tmp_path, text).output
    assert one == {"to": "MOTU", "channels": (3, 4), "cue": (5, 6), "cue_gain": -6.0}
    assert rig(tmp_path, "[output]\nchannels = 2\n").output == {"channels": (2,)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "channels = [0, 1]",
            r"line 2: \[output\] channels: \[0, 1\] is not a list of output numbers",
        ),
        ("channels = []", r"\[\] is not a list of output numbers"),
        ("channels = [3.0]", r"\[3.0\] is not a list of output numbers"),
        ("channels = true", "True is not a list of output numbers"),
        ('channels = "left"', "'left' is not a list of output numbers, counted from 1, as in 3,4"),
        ("channels = [3, 3]", "output 3 is named twice"),
        ("cue = [2, 3]", "line 2: output 2 cannot have both the music and the cue"),
        ("cue_gain = 20", "cue_gain must be from -60 to 12"),
    ],
)
def test_impossible_outputs_are_refused(tmp_path, text, said):
    with pytest.raises(MusicRFMError, match=said):
        rig(tmp_path, f"[output]\n{text}\n")
