"""The results as a page of Markdown."""

from __future__ import annotations

from typing import Any

from benchmarks.gpu.targets import table


def text(told: dict[str, Any]) -> str:
    stages: dict[str, dict[str, Any]] = told["stages"]
    lines = [f"# {told['key']}", "", *_environment(stages.get("environment", {}))]
    lines += ["| stage | result | seconds |", "|---|---|---|"]
    lines += [
        f"| {name} | {_result(found)} | {found.get('seconds', '')} |"
        for name, found in stages.items()
    ]
    speeds = {n: f for n, f in stages.items() if "against_generate" in f}
    if speeds:
        lines += [
            "",
            "| size | dtype | layers | × real time | against `generate` | share of floor | GiB |",
            "|---|---|---|---|---|---|---|",
        ]
    for name, f in speeds.items():
        memory = "" if f["memory_gib"] is None else f"{f['memory_gib']:.1f}"
        lines.append(
            f"| {name.removeprefix('speed of ')} | {f['dtype']} | {f['layers']} | "
            f"{f['realtime']:.2f} | {f['against_generate']:.2f} | {f['share_of_floor']:.0%} | "
            f"{memory} |"
        )
    lines += ["", *table(stages)]
    return "\n".join(lines) + "\n"


def _environment(found: dict[str, Any]) -> list[str]:
    if "machine" not in found:
        return []
    machine, gpu = found["machine"], found.get("gpu")
    place = f"{gpu['name']}, {gpu['memory_gib']:.0f} GiB, CUDA {gpu['cuda']}" if gpu else "no GPU"
    return [
        f"{place}; {machine['cores']} cores of {machine['processor']} ({found['instructions']}); "
        f"Python {machine['python']}, PyTorch {machine['torch']}; memory read at "
        f"{found['bandwidth_gb_s']:.0f} GB/s.",
        "",
    ]


def _result(found: dict[str, Any]) -> str:
    if "left_out" in found:
        return f"not run: {found['left_out']}"
    if found.get("disagrees"):
        return "; ".join(found["disagrees"]).replace("|", "\\|")
    if "verdict" in found:
        verdict = found["verdict"]
        return f"{verdict['dtype']}, {'with' if verdict['graphs'] else 'without'} graphs"
    if "summary" in found:
        return found["summary"]
    if "seconds_of_music" in found:
        return f"{found['seconds_of_music']:.0f} s of music at {found['realtime']:.1f} × real time"
    if "columns" in found:
        row = dict(zip(found["columns"], found["rows"][0], strict=True))
        return f"{row['p50 ms']:.0f} ms in the median, {row['p95 ms']:.0f} in 95 of 100"
    return "agrees"
