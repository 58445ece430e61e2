"""Reads tables of labels: CSV files from spreadsheets and editors.

Spreadsheets write CSV by their country's rules: semicolons where numbers have decimal commas, a
first line `sep=;`, UTF-16 with tabs, empty columns at the end. This module accepts all of that, and
refuses a number that could mean two values.
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
_AS_TEXT = re.compile(r'="(.*)"|\'(.*)')  # how spreadsheets mark a cell as text
_SPACES = " \t\u00a0\u202f\u200b\ufeff"


def read_labels(path: str | Path, text: Collection[str] = ()) -> list[dict[str, Any]]:
    """One dict per row of a CSV file whose first line names the columns.

    Columns are separated by commas, semicolons, tabs, or the separator of a first line `sep=`. A
    column of numbers only becomes int or float, a column of true and false bool, any other str, as
    do the columns in `text` (case does not matter there). An empty cell, NaN, infinity or a
    spreadsheet error becomes None. Numbers may have a decimal comma, thousands separators and a
    percent sign (50% is 0.5).

    Raises MusicRFMError for a file that is missing, not text or has no rows, for rows that do not
    fit the columns, and for ambiguous numbers.
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
    """The cells of a column that does not consist of numbers."""
    if not text and all(cell.casefold() in TRUTH for cell in cells if cell):
        return [TRUTH.get(cell.casefold()) for cell in cells]
    return [cell or None for cell in cells]


def _columns(
    lines: list[tuple[int, list[str]]], table: str, hints: Collection[str]
) -> dict[str, int]:
    """The position of each named column; pads all lines to the length of the header.

    Columns without a name are dropped if they are empty or number the rows.
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
    """The number and cells of every line that is not empty, and the separator."""
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
    """The text without spreadsheets' marks for numbers as text: ="0.5" and '0.5."""
    said = _AS_TEXT.fullmatch(cell)
    if not said:
        return cell
    if said[1] is not None:
        return said[1]
    return said[2] if shape(said[2]) else cell


def _fit(lines: list[tuple[int, list[str]]], hints: Collection[str]) -> tuple[bool, float, int]:
    """How well a separator fits: a known column, lines of equal length, many columns."""
    if not lines:
        return False, 0.0, 0
    header = lines[0][1]
    known = any(cell.casefold() in hints for cell in header)
    fitting = sum(len(_trimmed(cells)) <= len(header) > 1 for _, cells in lines)
    return known, fitting / len(lines), len(header)


def _trimmed(cells: list[str]) -> list[str]:
    """The line without empty cells at its end."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells
