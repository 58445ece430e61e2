"""How long `bridge prepare` would take with larger models and on other computers.

    python -m bridge.prepare.hours

Prints the tables of docs/directions.md and docs/reproduce.md. They are computed from measurements
on one computer, from the models' shapes, and from the speed of the other computers as their makers
state it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.commands.unseen import RATE, shape_of
from bridge.prepare import plan
from musicrfm.weights.cost import Shape

# Seconds of CPU time on one Zen 3 core (AVX2), measured on 2026-11-30:
RENDER = 0.15  # a clip of six seconds
ENCODE = 2.7  # its codes, by the codec of the published models
HIDDEN = 3.5  # its hidden states in MusicGen-small, float32
LISTEN = 0.21  # a second of music
# Measured on two such cores without other programs:
BANDWIDTH = 30.1e9  # bytes a second
SHARE = 0.29  # of it, while MusicGen-small plays in int4

POSITIONS = 175  # in the cache, on average over a clip of six or eight seconds
FRAMES = 300  # of a clip of six seconds
CLIP_SECONDS = 6
NOTES, NOTE_SECONDS = 9936, 4  # of SynTheory
GPU_SHARE = 0.5  # of the stated bandwidth; an assumption
GPU_USE = 0.4  # of the stated arithmetic, also by the codec; an assumption
RAY_CPUS = 64


@dataclass(frozen=True)
class Computer:
    """cores: like the measured one. bandwidth: of the memory with the weights, bytes a second.
    arithmetic: of a GPU in float16, operations a second; without it, the CPU does all."""

    name: str
    cores: int
    bandwidth: float
    arithmetic: float | None = None


MODELS = ("musicgen-small", "musicgen-medium", "musicgen-large")
COMPUTERS = (
    Computer("2 cores, 30 GB/s", 2, BANDWIDTH),
    Computer("8 cores, 120 GB/s", 8, 4 * BANDWIDTH),
    Computer("consumer GPU: 1 TB/s, 80 TFLOP/s", 8, 1.0e12, 80e12),
    Computer("H200: 4.8 TB/s, 990 TFLOP/s", 16, 4.8e12, 990e12),
)


def rates(shape: Shape, computer: Computer) -> plan.Rates:
    """The speed of a computer with a model of this shape.

    Hidden states and codes take all cores or the GPU; hidden states take two operations a weight
    and position. A step reads all weights and the cache. The rest takes one core.
    """
    small = shape_of(MODELS[0])
    if computer.arithmetic is None:
        faster, dtype, share = float(computer.cores), "int4", SHARE
    else:
        here = 2 * small.read_weights * FRAMES / HIDDEN
        faster, dtype, share = GPU_USE * computer.arithmetic / here, "float16", GPU_SHARE
    heard = ENCODE + HIDDEN * shape.read_weights / small.read_weights
    play = RATE * shape.step_bytes(dtype, POSITIONS) / (share * computer.bandwidth)
    return plan.Rates(RENDER + heard / faster, plan.FIT * shape.layers, play, LISTEN)


def hours(shape: Shape, computer: Computer, quick: bool) -> tuple[float, float]:
    """(all hours, those of the fits alone)."""
    each, sizes = rates(shape, computer), plan.QUICK if quick else plan.FULL
    works = [plan.work(concept, sizes) for concept in plan.chosen((), quick)]
    fits = sum(one.directions for one in works) * each.fit
    return sum(one.seconds(each) for one in works) / 3600, fits / 3600


def _shown(hours: float) -> str:
    return f"{hours:.0f}" if hours >= 10 else f"{hours:.1f}"


def table() -> str:
    lines = [
        f"| model | computer | `--quick`, hours | everything, hours | of it fits | with the fits "
        f"on a Ray cluster of {RAY_CPUS} CPUs |",
        "|---|---|---|---|---|---|",
    ]
    for model in MODELS:
        shape, name = shape_of(model), model
        for computer in COMPUTERS:
            quick, _ = hours(shape, computer, True)
            whole, fits = hours(shape, computer, False)
            spread = whole - fits + fits / RAY_CPUS
            numbers = " | ".join(map(_shown, (quick, whole, fits, spread)))
            lines.append(f"| {name} | {computer.name} | {numbers} |")
            name = ""
    return "\n".join(lines)


def table_of_paper() -> str:
    """What reproducing the paper takes on MusicGen large, in hours."""
    shape, head = shape_of(MODELS[-1]), [f" {one.name} |" for one in COMPUTERS]
    each = [rates(shape, one) for one in COMPUTERS]
    rows = {
        "all knobs of `bridge prepare`, which takes less data than the paper": [
            hours(shape, one, False)[0] for one in COMPUTERS
        ],
        f"hidden states of SynTheory's {NOTES:,} notes, with rendering": [
            NOTES * NOTE_SECONDS / CLIP_SECONDS * one.hear / 3600 for one in each
        ],
        "an hour of music, one clip at a time": [one.play for one in each],
    }
    lines = ["| computed hours |" + "".join(head), "|---" * (len(COMPUTERS) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(map(_shown, of))} |" for name, of in rows.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(), table_of_paper(), sep="\n\n")
