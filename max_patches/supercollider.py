"""Writes the SuperCollider client: blocks of code to evaluate one by one.

sclang receives on the port that it sends from, so it needs no other port for answers.
"""

from __future__ import annotations

from bridge.controls.controls import Parameter
from max_patches.panel import CHROMA, FIGURES, HOST, LEVEL, PORT, PROMPTS, Panel


def snippet(panel: Panel) -> str:
    """The text of `musicrfm.scd`."""
    specs = "\n".join(f"    {spec(knob.parameter)}," for knob in panel.knobs)
    meters = ", ".join(f"'{meter.address}'" for meter in (LEVEL, *FIGURES, CHROMA))
    patterns = ", ".join(f'"{pattern}"' for pattern in panel.patterns)
    notes = ", ".join(f'"{knob.parameter.address.removeprefix("/steer/")}"' for knob in panel.notes)
    words = "\n".join(f"    {quoted(prompt)}," for prompt in PROMPTS)
    return f"""\
// musicrfm for SuperCollider. Start the bridge in a terminal (bridge play), put the cursor into a
// block in parentheses and evaluate it (Ctrl-Enter or Cmd-Enter), the first block first.

( // The connection, and the range, default and unit of each control.
~bridge = NetAddr("{HOST}", {PORT});
~specs = IdentityDictionary[
{specs}
];
~free = {value_spec(panel.free)}; // any other direction
~notes = [{notes}];
~prompts = [
{words}
];

// ~play.(0) pauses, ~steer.("note_C", 0.8) steers to C, ~prompt.("slow strings") sets the prompt.
~set = {{ |address, value|
    var spec = ~specs[address.asSymbol];
    ~bridge.sendMsg(address, if(spec.notNil) {{ spec.constrain(value) }} {{ value }});
}};
~steer = {{ |name, amount|
    var address = ("/steer/" ++ name).asSymbol;
    ~bridge.sendMsg(address, (~specs[address] ? ~free).constrain(amount.asFloat));
}};
~prompt = {{ |words| ~bridge.sendMsg('{panel.prompt.address}', words.asString) }};
~play = {{ |on = 1| ~bridge.sendMsg('{panel.play.address}', on.asInteger) }};
~panic = {{ ~bridge.sendMsg('{panel.panic.address}') }};
{preset_functions(panel)})

( // Answers: ~values has the values of the controls, ~heard those of the meters.
~values = IdentityDictionary.new;
~heard = IdentityDictionary.new;
thisProcess.removeOSCRecvFunc(~listen);
~listen = {{ |message, time, from|
    var address = message[0];
    if(from.port == ~bridge.port) {{
        case
        {{ address == '/error' }} {{ ("musicrfm: " ++ message[1]).warn }}
        {{ ~meters.includes(address) }} {{
            ~heard[address] = if(message.size > 2) {{ message[1..] }} {{ message[1] }};
        }}
        {{ message.size == 2 }} {{ ~values[address] = message[1] }};
    }};
}};
~meters = [{meters}];
thisProcess.addOSCRecvFunc(~listen);
~asking.stop;
~asking = Routine {{
    [{patterns}].do {{ |pattern| ~bridge.sendMsg('/get', pattern) }};
    loop {{ ~bridge.sendMsg('/subscribe', NetAddr.langPort); 1.wait }};
}}.play(AppClock);
)

~prompt.(~prompts[0]);
~steer.("note_C", 0.8);
~steer.("note_C", 0);
~set.('/gain', -6);
~heard.postln; // {LEVEL.address} in dB, {CHROMA.address} the share of each note from C up
~panic.();

( // An example: steers to one note after the other.
~walk.stop;
~walk = Routine {{
    loop {{
        [0, 7, 9, 5].do {{ |note|
            ~steer.(~notes[note], 0.8);
            4.wait;
            ~steer.(~notes[note], 0);
        }}
    }}
}}.play;
)
~walk.stop;
"""


def spec(parameter: Parameter) -> str:
    return f"'{parameter.address}' -> {value_spec(parameter)}"


def value_spec(parameter: Parameter) -> str:
    step = 1 if parameter.type == "i" else 0
    return (
        f"ControlSpec({parameter.low:g}, {parameter.high:g}, 'lin', {step}, "
        f"{float(parameter.default):g}, {quoted(parameter.unit)})"
    )


def preset_functions(panel: Panel) -> str:
    lines = []
    for parameter in panel.presets:
        word = parameter.address.rsplit("/", 1)[-1]
        more = ("", "") if parameter.type == "s" else (", seconds = 4", ", seconds.asFloat")
        lines.append(
            f"~{word} = {{ |name{more[0]}| "
            f"~bridge.sendMsg('{parameter.address}', name.asString{more[1]}) }};\n"
        )
    return "".join(lines)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
