"""Plots of an evaluation: response curves, methods side by side, chroma over time."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from musicrfm.files.paths import path_of
from musicrfm.files.writing import beside

if TYPE_CHECKING:
    from musicrfm.evaluation.comparison import Row
    from musicrfm.evaluation.responses import Response
    from musicrfm.intervals import Interval

NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
STEERED, PLAIN, USEFUL = "#c2410c", "#64748b", "#fde8d7"
plt.rcParams.update(
    {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "savefig.dpi": 130,
        "savefig.facecolor": "white",
    }
)


def spoken(name: str) -> str:
    """`note_Cs` in musical spelling: C♯; other names without underscores."""
    if name.startswith("note_"):
        return name.removeprefix("note_").replace("s", "♯")
    return name.replace("_", " ")


def response_curve(path: Path, response: Response) -> None:
    """One direction: value over coefficient with every take, marked by whether it is still
    music."""
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(6.4, 5.4), sharex=True, height_ratios=(2.2, 1), layout="constrained"
    )
    _curve(top, response)
    top.set_title(f"{spoken(response.name)} ({response.method})")
    top.set_ylabel(_quantity(response))
    place = "upper left" if _falls(response) else "lower right"
    top.legend(framealpha=0.85, edgecolor="none", fontsize=9, loc=place)
    x = [p.coefficient for p in response.points]
    bottom.plot(
        x,
        [p.onset_ratio for p in response.points],
        color=PLAIN,
        marker=".",
        label="onset rate / unsteered",
    )
    bottom.plot(
        x,
        [p.pitch_classes / 12 for p in response.points],
        color="#0f766e",
        marker=".",
        label="pitch classes heard / 12",
    )
    bottom.axhspan(0.7, 1.3, color="#f1f5f9", zorder=0)
    bottom.set_ylim(0, max(1.6, *(p.onset_ratio * 1.05 for p in response.points)))
    bottom.set_xlabel("raw coefficient")
    bottom.legend(frameon=False, fontsize=9, ncols=2, loc="upper left")
    _save(figure, path)


def response_overview(path: Path, responses: Sequence[Response]) -> None:
    """All directions in small panels."""
    columns = min(4, len(responses))
    rows = -(-len(responses) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(2.9 * columns, 2.2 * rows + 0.4),
        squeeze=False,
        layout="constrained",
    )
    several = len({r.method for r in responses}) > 1
    for axis, response in zip(axes.flat, responses, strict=False):
        _curve(axis, response)
        axis.set_title(spoken(response.name) + (f" ({response.method})" if several else ""))
    for axis in axes.flat[len(responses) :]:
        axis.remove()
    quantities = {r.unit for r in responses}
    label = _quantity(responses[0]) if len(quantities) == 1 else "measured on the sound"
    figure.supylabel(label, fontsize=10)
    figure.supxlabel(
        "raw coefficient      shaded: useful range      hollow: no longer music", fontsize=10
    )
    _save(figure, path)


def methods(path: Path, responses: dict[str, Sequence[Response]]) -> None:
    """Highest share of every method, target by target, a panel for each entry."""
    rows = [list(dict.fromkeys(r.method for r in of)) for of in responses.values()]
    figure, axes = plt.subplots(
        len(rows),
        1,
        figsize=(7, sum(0.4 * len(names) + 0.9 for names in rows)),
        height_ratios=[len(names) + 1 for names in rows],
        squeeze=False,
        layout="constrained",
    )
    for axis, names, (title, of) in zip(axes[:, 0], rows, responses.items(), strict=True):
        for row, name in enumerate(names):
            most = [max(p.value for p in r.points) for r in of if r.method == name]
            axis.plot(most, np.full(len(most), row), "o", color=STEERED, alpha=0.45, mew=0)
            axis.plot(np.mean(most), row, "|", color="black", ms=16, mew=2)
            axis.annotate(f"{np.mean(most):.2f}", (1.04, row), va="center", annotation_clip=False)
        axis.set_yticks(range(len(names)), names)
        axis.set_xlim(0, 1.02)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.set_title(title)
    axes[-1, 0].set_xlabel("highest target share; a dot is a target, the line and number the mean")
    _save(figure, path)


def chroma(
    path: Path, clips: Sequence[tuple[str, np.ndarray, np.ndarray]], target: int | None = None
) -> None:
    """Clips stacked vertically, each (title, seconds [frames], chroma [12, frames])."""
    figure, axes = plt.subplots(
        len(clips), 1, figsize=(8.6, 2.3 * len(clips) + 0.3), squeeze=False, layout="constrained"
    )
    for axis, (title, seconds, energy) in zip(axes[:, 0], clips, strict=True):
        _chroma(axis, seconds, energy, target)
        axis.set_title(title)
    axes[-1, 0].set_xlabel("seconds")
    _save(figure, path)


def spectra(path: Path, clips: Sequence[tuple[str, np.ndarray, float]]) -> None:
    """Clips stacked vertically, each (title, constant-Q levels in dB [bins, frames], seconds).

    Three bins a semitone from C2 up; the loudest at 0 dB.
    """
    figure, axes = plt.subplots(
        len(clips),
        1,
        figsize=(8.6, 1.9 * len(clips) + 0.3),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, (title, levels, seconds) in zip(axes[:, 0], clips, strict=True):
        octaves = range(len(levels) // 36)
        axis.imshow(
            levels,
            aspect="auto",
            origin="lower",
            cmap="magma",
            extent=(0, seconds, -0.5, len(levels) / 3 - 0.5),
            interpolation="nearest",
            vmin=-60,
            vmax=0,
        )
        axis.set_yticks([12 * o for o in octaves], [f"C{o + 2}" for o in octaves], fontsize=8)
        axis.set_title(title)
    axes[-1, 0].set_xlabel("seconds")
    _save(figure, path)


def curves(
    path: Path,
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    *,
    faint: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
    bands: Sequence[tuple[float, float]] = (),
    random: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Named lines, each (x, y), over faint unnamed ones; bands: shaded ranges of x. random: values
    of random directions at x = 1, by line, drawn as hollow marks in its colour."""
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    for band in bands:
        axis.axvspan(*band, color=USEFUL, zorder=0)
    for x, y in faint:
        axis.plot(x, y, color=PLAIN, alpha=0.3, lw=1)
    for number, (name, (x, y)) in enumerate(series.items()):
        (line,) = axis.plot(x, y, lw=2, marker=".", label=spoken(name))
        if random and name in random:
            shift = 0.015 * (number - (len(series) - 1) / 2) * (max(x) - min(x))
            mark = {"color": line.get_color(), "mfc": "none", "alpha": 0.6, "ms": 5}
            axis.plot([1 + shift] * len(random[name]), random[name], "o", ls="none", **mark)
    if random:
        axis.plot([], [], "o", color=PLAIN, mfc="none", ms=5, label="random directions")
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    axis.legend(frameon=False, fontsize=9)
    _save(figure, path)


def bars(
    path: Path,
    groups: Sequence[str],
    series: Mapping[str, Sequence[Interval]],
    label: str,
    chance: Sequence[float],
) -> None:
    """Bars in groups, with 95 % intervals: of every series one value a group, beside the chance
    level of the group."""
    figure, axis = plt.subplots(figsize=(1.6 + 1.1 * len(groups), 3.8), layout="constrained")
    width = 0.8 / max(1, len(series))
    for number, (name, values) in enumerate(series.items()):
        at = np.arange(len(groups)) + (number - (len(series) - 1) / 2) * width
        axis.bar(at, [one.value for one in values], width * 0.92, label=name)
        for x, one in zip(at, values, strict=True):
            axis.plot([x, x], [one.low, one.high], color="#0f172a", lw=1.2)
    middle = np.arange(len(groups))
    axis.hlines(chance, middle - 0.45, middle + 0.45, "#0f172a", "dotted", label="chance")
    axis.set_xticks(range(len(groups)), [spoken(g) for g in groups], rotation=20, ha="right")
    axis.set_ylabel(label)
    axis.legend(
        frameon=False, fontsize=9, ncols=len(series) + 1, loc="lower left", bbox_to_anchor=(0, 1)
    )
    _save(figure, path)


def courses(
    path: Path,
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    step: float,
    steered: tuple[float, float],
    label: str,
) -> None:
    """Values over time, one panel for each set of layers, one line for each method.

    step: seconds from value to value. steered: seconds of the beginning and end of steering.
    """
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(1 + 3.6 * len(panels), 3.6),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, (name, lines) in zip(axes[0], panels.items(), strict=True):
        axis.axvspan(*steered, color=USEFUL, zorder=0)
        for method, values in lines.items():
            colour = {"color": PLAIN, "ls": "dashed"} if method == "random" else {}
            smooth = np.convolve(values, np.ones(5) / 5, "valid")
            axis.plot((np.arange(len(smooth)) + 2.5) * step, smooth, label=method, **colour)
        axis.set_title(f"layers {name}")
        axis.set_xlabel("seconds; steered in the shaded part")
        axis.set_ylim(-0.03, 1.03)
    axes[0, 0].set_ylabel(label)
    axes[0, 0].legend(frameon=False, fontsize=9, loc="upper left")
    _save(figure, path)


def compared_bars(path: Path, rows: Sequence[Row]) -> None:
    """Draw the value by variant for every target, with intervals and single clips, beside hollow
    marks for random directions and a cross for each of them."""
    measures = list(dict.fromkeys((row.target, row.unit) for row in rows))
    figure, axes = plt.subplots(
        len(measures), 1, figsize=(9.5, 3.4 * len(measures)), squeeze=False, layout="constrained"
    )
    for axis, (target, unit) in zip(axes[:, 0], measures, strict=True):
        mine = [row for row in rows if (row.target, row.unit) == (target, unit)]
        for at, row in enumerate(mine):
            single = {"color": STEERED, "alpha": 0.35}
            axis.plot(np.full(len(row.values), at - 0.06), row.values, ".", **single)
            _with_ends(axis, at, row.value, "o", STEERED, None)
            if row.random is not None:
                spread = np.full(len(row.draws), at + 0.14)
                axis.plot(spread, row.draws, "x", color=PLAIN, alpha=0.6)
                _with_ends(axis, at + 0.2, row.random, "s", PLAIN, None)
        axis.plot([], [], "o-", color=STEERED, lw=2, ms=7, label="mean, 95 % interval")
        axis.plot([], [], ".", color=STEERED, alpha=0.35, label="one clip")
        if any(row.random for row in mine):
            hollow = {"color": PLAIN, "mfc": "white", "lw": 2, "ms": 7}
            axis.plot([], [], "s-", **hollow, label="mean of random directions")
            axis.plot([], [], "x", color=PLAIN, alpha=0.6, label="one random direction")
        labels = ["\n".join(textwrap.wrap(row.variant, 80 // len(mine))) for row in mine]
        axis.set_xticks(range(len(mine)), labels)
        axis.set_xlim(-0.4, len(mine) - 0.5)
        axis.set_ylabel("\n".join(textwrap.wrap(unit, 30)))
        axis.set_title(spoken(target))
        axis.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
        if mine[0].quantity == "share":
            axis.set_ylim(-0.03, 1.03)
    _save(figure, path)


def _with_ends(
    axis: Axes, at: float, one: Interval, mark: str, colour: str, label: str | None
) -> None:
    if np.isfinite(one.low):
        axis.plot([at, at], [one.low, one.high], color=colour, lw=2)
    face = colour if mark == "o" else "white"
    axis.plot([at], [one.value], mark, color=colour, mfc=face, ms=7, label=label)


def _curve(axis: Axes, response: Response) -> None:
    if response.range:
        axis.axvspan(*response.range, color=USEFUL, zorder=0, label="useful range")
    x = np.array([p.coefficient for p in response.points])
    y = np.array([p.value for p in response.points])
    spread = np.ptp(x) if len(x) > 1 else 1.0
    jitter = np.random.default_rng(0).uniform(-0.008, 0.008, len(response.readings)) * spread
    axis.plot(
        np.array([c for c, _ in response.readings]) + jitter,
        [v for _, v in response.readings],
        ".",
        color=STEERED,
        alpha=0.3,
        ms=5,
        mew=0,
        label="one clip",
    )
    axis.axhline(response.unsteered.value, color=PLAIN, ls="--", lw=1, label="unsteered")
    axis.plot(x, y, color=STEERED, lw=2, label="mean, 95 % interval")
    low, high = [p.low for p in response.points], [p.high for p in response.points]
    axis.fill_between(x, low, high, color=STEERED, alpha=0.15, lw=0)
    if (control := response.control) is not None:
        axis.plot(
            np.full(len(control.draws), control.coefficient),
            control.draws,
            "x",
            color="black",
            ms=6,
            label="random directions",
        )
    music = np.array([p.musical for p in response.points])
    axis.plot(x[music], y[music], "o", color=STEERED, ms=5)
    axis.plot(x[~music], y[~music], "o", color=STEERED, mfc="white", ms=5)
    if response.quantity == "share":
        axis.set_ylim(-0.03, 1.03)


def _chroma(axis: Axes, seconds: np.ndarray, energy: np.ndarray, target: int | None) -> None:
    end = float(seconds[-1]) if len(seconds) else 1.0
    axis.imshow(
        energy**2,
        aspect="auto",
        origin="lower",
        cmap="magma",
        extent=(0, end, -0.5, 11.5),
        interpolation="nearest",
        vmin=0,
        vmax=1,
    )
    axis.set_yticks(range(12), NAMES, fontsize=8)
    if target is not None:
        axis.get_yticklabels()[target].set(color=STEERED, fontweight="bold")


def _quantity(response: Response) -> str:
    return "tempo (BPM)" if response.quantity == "BPM" else response.unit


def _falls(response: Response) -> bool:
    return response.points[-1].value < response.unsteered.value


def _save(figure: Figure, path: Path) -> None:
    path = path_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as new:
        figure.savefig(new, format=path.suffix.lstrip(".") or "png")
    plt.close(figure)
