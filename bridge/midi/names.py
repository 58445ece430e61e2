"""Names of MIDI ports: finds the port that a part of a name means, also among twins and after
renumbering.

Systems give two controllers of one model the same name, or distinguish them by a number that
changes when they are plugged in again. Here such twins are named `NAME #1` and `NAME #2`, in the
system's order, and system numbers count only where nothing else decides.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence

_TWIN = re.compile(r" #(\d+)$")
_CLIENT = re.compile(r" \d+:\d+$")  # ALSA's client and port
_COPY = re.compile(r"^\d+ ?- ?")  # Windows, when a controller is put into another socket
_INDEX = re.compile(r" \d+$")  # RtMidi on Windows: the place in the list
_WAYS = ("in", "out", "input", "output")


def labelled(names: Sequence[str]) -> list[str]:
    """The names in order, with `#1`, `#2`, … appended to twins."""
    models = _models(names)
    times, seen = Counter(models), Counter[str]()
    labels = []
    for name, model in zip(names, models, strict=True):
        seen[model] += 1
        twin = times[model] > 1 and not _TWIN.search(name)
        labels.append(f"{name} #{seen[model]}" if twin else name)
    return labels


def choose(names: Sequence[str], wanted: str | None) -> str | None:
    """The input that `wanted` means, as named by `labelled`; the first hardware input if None.

    A full name is preferred to a part of one, in any case; differences in system numbers alone come
    last. The system's loop-through ports are not hardware.
    """
    return assigned(names, [wanted])[0]


def assigned(names: Sequence[str], wanted: Sequence[str | None]) -> list[str | None]:
    """A different input for each wanted name; None where none is left."""
    labels = labelled(names)
    found: list[str | None] = [None] * len(wanted)
    free = list(labels)
    for rank in range(_RANKS):
        # The longest say most exactly what they mean.
        for at in sorted(range(len(wanted)), key=lambda at: -len(wanted[at] or "")):
            if found[at] is None:
                found[at] = best = next((n for n in free if _rank(wanted[at], n) == rank), None)
                if best is not None:
                    free.remove(best)
    return found


def meant(wanted: str, names: Sequence[str]) -> list[str]:
    """All of these names that a part of a name means: the best matches."""
    ranks = {name: _rank(wanted, name) for name in names}
    # A part is a part: that one name is met in full does not make the others strangers.
    strict = [name for name, rank in ranks.items() if rank in (0, 1, 2)]
    return strict or [name for name, rank in ranks.items() if rank is not None]


def present(label: str, names: Sequence[str], count: int) -> bool:
    """Whether an opened input is still connected; `count` inputs had its name before."""
    return alike(label, names) >= max(count, 1)


def alike(label: str, names: Sequence[str]) -> int:
    """The number of inputs with this exact name; more than one where the system does not number
    them."""
    return [_twin(name)[0] for name in names].count(_twin(label)[0])


def lasting(label: str) -> str:
    """The name without parts that change after reconnecting, for a rig file."""
    name, twin = _twin(label)
    name = _CLIENT.sub("", name)
    if sys.platform == "win32":
        name = _INDEX.sub("", _COPY.sub("", name))
    return name if twin is None else f"{name} #{twin}"


def output_for(name: str, outputs: Sequence[str]) -> str | None:
    """The output of the controller whose input has this name, as named by `labelled`.

    System numbers and words for the direction are not compared.
    """
    labels = labelled(outputs)
    if name in labels:
        return name
    twin = _twin(name)[1] or 1
    for same in (_either_way, lambda text: _either_way(_twin(text)[0].split(":")[0])):
        alike = [label for label in labels if same(label) == same(name)]
        if alike:
            return next((one for one in alike if (_twin(one)[1] or 1) == twin), alike[0])
    return None


_RANKS = 5


def _rank(wanted: str | None, label: str) -> int | None:
    """The quality of a match, 0 best; None without a match."""
    if wanted is None:
        return None if "through" in label.casefold() else 0
    if wanted == label:
        return 0
    part, twin = _twin(wanted.strip().casefold())
    name, number = _twin(label.casefold())
    if twin is not None and twin != (number or 1):
        return None
    if part == name:
        return 1
    if _is_part(part, name):
        return 2
    part, name = _unnumbered(part), _unnumbered(name)
    if part == name:
        return 3
    numbered = part != _twin(wanted.strip().casefold())[0]
    # Where one number was taken away, another one is not that of the port.
    return 4 if numbered and part and _is_part(part, name, r"(?! ?\d)") else None


def _is_part(part: str, name: str, after: str = "") -> bool:
    """`Port 1` is not a part of `Port 10`: numbers must match completely."""
    before = r"(?<!\d)" if part[:1].isdigit() else ""
    after = after or (r"(?!\d)" if part[-1:].isdigit() else "")
    return re.search(before + re.escape(part) + after, name) is not None


def _twin(label: str) -> tuple[str, int | None]:
    """A name, and its number among twins."""
    match = _TWIN.search(label)
    return (label[: match.start()], int(match[1])) if match else (label, None)


def _unnumbered(name: str) -> str:
    name = _COPY.sub("", name)
    shorter = _CLIENT.sub("", name)
    # macOS adds no number: what stands at the end of a name there belongs to it.
    if shorter != name or sys.platform == "darwin":
        return shorter
    return _INDEX.sub("", name)


def _models(names: Sequence[str]) -> list[str]:
    """The part of each name that twins share."""
    places = len(names) > 1 and all(name.endswith(f" {at}") for at, name in enumerate(names))
    bare = [_CLIENT.sub("", name) for name in names]
    return [_INDEX.sub("", _COPY.sub("", name)) for name in bare] if places else bare


def _either_way(name: str) -> str:
    name = _unnumbered(_twin(name)[0].casefold())
    words = [re.sub(r"^midi(in|out)", "midi", word) for word in name.split()]
    return " ".join(word for word in words if not word.isdigit() and word not in _WAYS)
