"""`bridge rig init` writes an example rig file; `bridge rig check` finds mistakes in one."""

from __future__ import annotations

from pathlib import Path

from bridge.controls.controls import namespace, steer_address
from bridge.reload import live_values
from bridge.rig import load_rig
from bridge.rig_effects import effects
from musicrfm.directions import list_directions, model_name
from musicrfm.errors import MusicRFMError
from musicrfm.files.paths import path_of
from musicrfm.terminal import plain


def example() -> Path:
    """The example: in the installed package, or in a checkout."""
    here = Path(__file__).resolve().parents[1]
    installed = here / "data" / "rig.toml"
    return installed if installed.is_file() else here.parent / "examples" / "rig.toml"


def init_rig(path: str) -> int:
    """Write the example; returns the exit status. Raises MusicRFMError, and changes nothing, if the
    file exists or cannot be written."""
    text = example().read_text(encoding="utf-8")
    try:
        with path_of(path).open("x", encoding="utf-8") as file:
            file.write(text.replace("examples/rig.toml", path))
    except FileExistsError:
        raise MusicRFMError(f"{path} exists already: give another file") from None
    except OSError as error:
        raise MusicRFMError(f"cannot write {path}: {error.strerror}") from None
    print(f"{path} written; play it with: bridge play --rig {path}")
    return 0


def check_rig_file(path: str) -> int:
    """Print a summary of the file; returns the exit status. Raises MusicRFMError for mistakes."""
    rig = load_rig(path)
    model = rig.engine.get("model", "nano")
    known = {p.address for p in namespace(list_directions(model_name(model)))}
    # Other directions may come from files, which are searched when a set starts.
    known |= {p.address for p in namespace(steer.name for steer in rig.steer)}
    addresses = {one.to for one in rig.midi if one.to} | live_values(rig).keys()
    addresses |= {address for preset in rig.presets.values() for address in preset}
    addresses |= {steer_address(n) for c in rig.crossfade for n in (c.from_name, c.to_name)}
    for address in sorted(addresses - known):
        print(plain(f"note: {address} is not among the controls of {model}"))
    print(effects(rig))
    print(
        f"{path} is valid: {len(rig.steer)} directions, {len(rig.midi)} MIDI controls, "
        f"{len(rig.presets)} presets, {len(rig.crossfade)} crossfades"
    )
    return 0
