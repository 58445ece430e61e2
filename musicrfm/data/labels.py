"""Tables of labels, as people write them: CSV files from a spreadsheet or an editor.

Spreadsheets write what their country writes: semicolons where the comma is in the numbers, a first
line `sep=;`, UTF-16 with tabs, empty columns behind. All of that is understood, and a number that
could be two numbers is refused rather than guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from musicrfm.errors import MusicRFMError
from musicrfm.files.numerals import Ambiguous, numbers, shape, shapes
from musicrfm.files.paths import composed, path_of
from musicrfm.files.text import read_text

TRUTH = {
    **dict.fromkeys(("true", "wahr", "vrai", "vero", "verdadero", "waar"), True),
    **dict.fromkeys(("false", "falsch", "faux", "falso", "onwaar"), False),
}
FIX = "save it as CSV UTF-8"
SEPARATORS = ",;\t"
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_AS_TEXT = re.compile(r'="(.*)"|\'(.*)')  # how spreadsheets are told to leave a cell alone
_SPACES = " \t\u00a0\u202f\u200b\ufeff"


def read_labels(path: str | Path, text: Collection[str] = ()) -> list[dict[str, Any]]:
    """One dict per line of a CSV file whose first line names the columns.

    Separated by commas, semicolons or tabs, or as a first line `sep=` says. A column in which every
    cell is a number holds int or float, one of nothing but true and false holds bool, any other
    str, as do columns named in `text`, whose names count in capitals too; a cell that is empty,
    NaN, infinite or an error of the spreadsheet is None. Numbers may have a decimal comma, groups
    of thousands and a percent sign (50% is 0.5).

    Raises MusicRFMError for a file that is missing, no text or without lines, for lines that do not
    fit the columns, and for numbers that could be meant in two ways.
    """
    found = path_of(path)
    table = read_text(path, "file", fix=FIX, windows=True).text
    lines, separator = _lines(table, found.name, text)
    columns = _columns(lines, found.name, text)
    cells = {name: [line[at] for _, line in lines[1:]] for name, at in columns.items()}
    written = {name: None if name in text else shapes(column) for name, column in cells.items()}
    decimals = {one.decimal for column in written.values() for one in column or () if one} - {None}
    decimal = decimals.pop() if len(decimals) == 1 else None
    if not decimals and decimal is None and separator == ",":
        decimal = "."  # where the comma is the decimal mark, it separates nothing else
    values = {}
    for name, column in cells.items():
        values[name] = _parsed(column, name in text)
        if (shapes_of := written[name]) is not None:
            try:
                values[name] = numbers(shapes_of, decimal)
            except Ambiguous as error:
                raise MusicRFMError(
                    f"row {error.index + 1} of {found.name}, column {name!r}: {error}"
                ) from None
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _parsed(cells: list[str], text: bool) -> list[Any]:
    """The cells of a column that is no numbers."""
    if not text and all(cell.casefold() in TRUTH for cell in cells if cell):
        return [TRUTH.get(cell.casefold()) for cell in cells]
    return [cell or None for cell in cells]


def _columns(
    lines: list[tuple[int, list[str]]], table: str, hints: Collection[str]
) -> dict[str, int]:
    """Where each named column is; makes all lines as long as the header.

    Columns without a name are left out if they are empty, or count the lines.
    """
    _, header = lines[0]
    width = len(_trimmed(header))
    longest = max(len(_trimmed(cells)) for _, cells in lines[1:])
    for number, cells in lines[1:]:
        # Spreadsheets leave out the separators before empty cells at the end of some lines.
        if len(_trimmed(cells)) > len(header) or len(cells) < width > longest:
            raise MusicRFMError(
                f"line {number} of {table} has {len(cells)} cells for {len(header)} columns: "
                "put cells that contain the separator in quotes"
            )
        cells[:] = (cells + [""] * len(header))[: len(header)]
    columns: dict[str, int] = {}
    for at, name in enumerate(header):
        name = name.casefold() if name.casefold() in hints else name
        if name in columns:
            raise MusicRFMError(f"{table} has two columns {name!r}: rename one")
        if name:
            columns[name] = at
            continue
        below = [cells[at] for _, cells in lines[1:]]
        if any(below) and not (at == 0 and all(cell.isdecimal() for cell in below)):
            raise MusicRFMError(f"column {at + 1} of {table} has no name: give it one")
    return columns


def _lines(
    table: str, name: str, hints: Collection[str]
) -> tuple[list[tuple[int, list[str]]], str]:
    """(number, cells) of every line that is not empty, and what separates the cells."""
    first, _, rest = table.partition("\n")
    said = _SEPARATOR_LINE.fullmatch(first)
    if said:
        separators, table = said[1], f"\n{rest}"
    else:
        separators = SEPARATORS
    readings = [(_split(table, one), one) for one in separators]
    lines, separator = max(readings, key=lambda reading: _fit(reading[0], hints))
    if not lines:
        raise MusicRFMError(f"{name} is empty: its first line must contain the column names")
    try:
        csv.field_size_limit(max(len(table), 131_072))
        for _ in csv.reader(io.StringIO(table, newline=""), delimiter=separator, strict=True):
            pass
    except csv.Error as error:
        raise MusicRFMError(f"{name} is not CSV: {error}") from None
    if len(lines) == 1:
        raise MusicRFMError(f"{name} has a header but no rows: add one row for each file")
    return lines, separator


def _split(table: str, separator: str) -> list[tuple[int, list[str]]]:
    csv.field_size_limit(max(len(table), 131_072))
    reader = csv.reader(io.StringIO(table, newline=""), delimiter=separator)
    lines = []
    for cells in reader:
        cells = [composed(_bare(cell.strip(_SPACES))) for cell in cells]
        if any(cells):
            lines.append((reader.line_num, cells))
    return lines


def _bare(cell: str) -> str:
    """Without what makes a number a text: ="0.5" and '0.5."""
    said = _AS_TEXT.fullmatch(cell)
    if not said:
        return cell
    if said[1] is not None:
        return said[1]
    return said[2] if shape(said[2]) else cell


def _fit(lines: list[tuple[int, list[str]]], hints: Collection[str]) -> tuple[bool, float, int]:
    """How well a table fits its separator: a known column, lines of one length, many columns."""
    if not lines:
        return False, 0.0, 0
    header = lines[0][1]
    known = any(cell.casefold() in hints for cell in header)
    fitting = sum(len(_trimmed(cells)) <= len(header) > 1 for _, cells in lines)
    return known, fitting / len(lines), len(header)


def _trimmed(cells: list[str]) -> list[str]:
    """Without empty cells behind."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells
