"""Lists the sound outputs for `bridge devices`: the exact name, number of outputs, rates and system
of each.

A separate process, `python -m bridge.audio.device_list`, queries the audio system, because that can
hang, and prints arbitrary text.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from bridge.audio.device_names import SetupError, exact
from bridge.audio.speaker import RATES, find_output, load_portaudio, output_devices, systems
from bridge.process.children import start, take_stdout

ANSWER_SECONDS = 30.0  # the first start after a boot can be slow


def audio_outputs() -> list[dict[str, Any]]:
    """The output devices: "index", "exact" name, number of "outputs", current "rate", other
    supported "rates", sound "system", and whether it is the "default".

    Raises SetupError if there are none, or if the audio system does not answer.
    """
    process = start("bridge.audio.device_list")
    try:
        said, _ = process.communicate(timeout=ANSWER_SECONDS)
        answer = json.loads(said)
    except (subprocess.TimeoutExpired, ValueError):
        raise SetupError("silent", "the audio system does not answer") from None
    finally:
        process.kill()
    if isinstance(answer, dict):
        raise SetupError(answer["kind"], answer["message"])
    return answer


def text(outputs: list[dict[str, Any]]) -> str:
    """A line per device, with a name that identifies only this device."""
    width = max(len(one["exact"]) for one in outputs) + 2
    lines = []
    for one in outputs:
        mark = "*" if one["default"] else " "
        name = f'"{one["exact"]}"'
        count = f"{one['outputs']} output{'' if one['outputs'] == 1 else 's'}"
        also = ", ".join(f"{rate:g}" for rate in one["rates"])
        lines.append(
            f"{mark} {one['index']:2d}  {name:<{width}}  {count}, {one['rate']:g} Hz"
            + (f" (or {also})" if also else "")
        )
    return "\n".join(lines)


def look() -> list[dict[str, Any]]:
    """`audio_outputs`, queried in this process."""
    sounddevice = load_portaudio()
    devices = output_devices(sounddevice)
    default = find_output(sounddevice, None)["index"]
    names = systems(sounddevice, devices)
    return [
        {
            "index": device["index"],
            "exact": exact(devices, device, names),
            "outputs": device["max_output_channels"],
            "rate": device["default_samplerate"],
            "rates": other_rates(sounddevice, device),
            "system": names.get(device.get("hostapi", -1), ""),
            "default": device["index"] == default,
        }
        for device in devices
    ]


def other_rates(sounddevice: Any, device: dict[str, Any]) -> list[float]:
    """The usual rates that the device supports besides its current one."""

    def takes(rate: float) -> bool:
        try:
            sounddevice.check_output_settings(device=device["index"], samplerate=rate)
        except (sounddevice.PortAudioError, ValueError):
            return False
        return True

    return [rate for rate in sorted(RATES) if rate != device["default_samplerate"] and takes(rate)]


def main() -> None:
    tell = take_stdout()
    try:
        tell(json.dumps(look()))
    except Exception as error:
        kind = error.kind if isinstance(error, SetupError) else "crash"
        why = str(error) if isinstance(error, SetupError) else f"{type(error).__name__}: {error}"
        tell(json.dumps({"kind": kind, "message": why}))


if __name__ == "__main__":
    main()
