"""Parses numbers as people and spreadsheets write them: 0.5, 0,5, 1.234,5, 1 234.5, 50 %.

The decimal mark is inferred from a whole column, and an ambiguous number is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

Number = float | int

_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<body>[0-9.,'’ ]*)(?P<power>[eE][+-]?[0-9]{1,4})?\s?(?P<percent>%?)"
)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-"})
_SPACED = re.compile(r"[0-9]{1,3}(?P<group>[ '’])[0-9]{3}(?:(?P=group)[0-9]{3})*(?:[.,][0-9]*)?")
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_MISSING = re.compile(
    r"[+-]?(nan|inf|infinity)|n/?a|null|none|[-–—?]|#[^\s]*[!?/A-Z]", re.IGNORECASE
)


_QUANTITY = re.compile(
    r"\(?[+-]?[0-9][0-9.,'’ ]*\)?(\s+[^\W\d]+[/²]?\w*|\s*(bpm|db|k?hz|ms|°\w?|[$£¥€]))"
    r"|[$£¥€]\s*[0-9.,]+"
    r"|\([0-9.,]+\)|[0-9.,]+-"  # negative numbers in accounting notation
    r"|[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?([.,][0-9]+)?"
    r"|[0-9]{1,4}(?P<mark>[./-])[0-9]{1,2}(?P=mark)[0-9]{2,4}",
    re.IGNORECASE,
)


class Ambiguous(Exception):
    """`index`: of the cell. The text gives the possible values."""

    def __init__(self, index: int, words: str) -> None:
        super().__init__(words)
        self.index = index


@dataclass(frozen=True)
class Shape:
    """The notation of a number. decimal, group: the marks that are certain. either: a mark that may
    be both, as in 1,200."""

    text: str
    digits: str
    decimal: str | None = None
    group: str | None = None
    either: str | None = None
    percent: bool = False

    def value(self, decimal: str | None) -> Number:
        """The number, with `decimal` as the decimal mark."""
        digits = self.digits
        for mark in ".,":
            digits = digits.replace(mark, "." if mark == decimal else "")
        whole = re.fullmatch(r"[+-]?[0-9]{1,15}", digits) and not self.percent
        return int(digits) if whole else float(digits) / (100 if self.percent else 1)


def shape(text: str) -> Shape | None:
    """The notation of a text that is a number; None for other text."""
    found = _NUMBER.fullmatch(text.translate(_SPACES).strip())
    if not found or not any(c.isdigit() for c in found["body"]):
        return None
    body = found["body"].strip()
    percent = bool(found["percent"])
    spaced = _SPACED.fullmatch(body)
    if spaced:
        body = body.replace(spaced["group"], "")
    if set(body) & set(" '’"):
        return None
    digits = found["sign"] + body + (found["power"] or "")
    marks = [c for c in body if c in ".,"]
    if not marks:
        return Shape(text, digits, percent=percent)
    last, other = marks[-1], ",."[marks[-1] == ","]
    if len(set(marks)) == 2:
        whole, _, _ = body.rpartition(last)
        if last in marks[:-1] or not _grouped(whole, other):
            return None
        return Shape(text, digits, decimal=last, group=other, percent=percent)
    if len(marks) > 1:
        if not _grouped(body, last):
            return None
        return Shape(text, digits, decimal=other, group=last, percent=percent)
    if _EITHER.fullmatch(body) and not spaced and not found["power"]:
        return Shape(text, digits, either=last, percent=percent)
    return Shape(text, digits, decimal=last, percent=percent)


def is_quantity(text: str) -> bool:
    """Whether a text is a number with a unit or in another form: 120 BPM, 1:30."""
    return _QUANTITY.fullmatch(text.translate(_SPACES).strip()) is not None


def _grouped(text: str, mark: str) -> bool:
    return re.fullmatch(rf"[0-9]{{1,3}}({re.escape(mark)}[0-9]{{3}})+", text) is not None


def shapes(cells: Sequence[str]) -> list[Shape | None] | None:
    """The notations of a column's numbers, None for missing cells; None if the column has other
    text, or no numbers."""
    found: list[Shape | None] = []
    for cell in cells:
        one = shape(cell)
        if one is None and cell and not _MISSING.fullmatch(cell):
            return None
        found.append(one)
    return (
        found if any(found) or all(not cell or _MISSING.fullmatch(cell) for cell in cells) else None
    )


def numbers(column: Sequence[Shape | None], decimal: str | None = None) -> list[Number | None]:
    """The numbers of a column; decimal: the mark in other columns of the same table, if known.

    Raises Ambiguous for a number with two possible values, and where decimal marks or percent signs
    of a column contradict each other.
    """
    known: str | None = None
    groups = {one.group for one in column if one and one.group}
    percents = {one.percent for one in column if one and one.digits.strip("+-0.,")}
    for index, one in enumerate(column):
        if one is None:
            continue
        if one.decimal and known and one.decimal != known:
            raise Ambiguous(
                index, f"{one.text!r} has a different decimal mark from the rows before it"
            )
        known = known or one.decimal
        if len(percents) > 1 and one.percent:
            raise Ambiguous(index, f"{one.text!r} has a percent sign, and other rows have none")
    known = known or decimal
    return [_valued(index, one, known, groups) for index, one in enumerate(column)]


def _valued(index: int, one: Shape | None, decimal: str | None, groups: set[str]) -> Number | None:
    if one is None:
        return None
    if one.either and decimal != one.either and not (decimal and one.either in groups):
        low, high = one.value(one.either), one.value(None)
        raise Ambiguous(
            index,
            f"{one.text!r} could be {low} or {high}: write it as one of these",
        )
    value = one.value(decimal or one.decimal)
    return value if math.isfinite(value) else None
