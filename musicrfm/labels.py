"""Tables of labels, as people write them: CSV files from a spreadsheet or an editor."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from musicrfm.errors import MusicRFMError

TRUTH = {"true": True, "false": False}


def read_labels(path: str | Path, text: Collection[str] = ()) -> list[dict[str, Any]]:
    """One dict per line of a CSV file whose first line names the columns.

    Separated by commas, semicolons or tabs. A column in which every cell is a number holds int or
    float, one of nothing but true and false holds bool, any other str, as do columns named in
    `text`; a cell that is empty, NaN or infinite is None. Raises MusicRFMError for a file that is
    missing, not UTF-8 or without lines, and for lines that do not fit the columns.
    """
    path = Path(path)
    try:
        table = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise MusicRFMError(f"there is no file {str(path)!r}") from None
    except OSError as error:
        raise MusicRFMError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MusicRFMError(
            f"{path.name} is not UTF-8 (byte {error.start}): save it as CSV UTF-8"
        ) from error
    if "\0" in table:
        raise MusicRFMError(f"{path.name} is not a text file: save it as CSV UTF-8")
    header = table.lstrip().partition("\n")[0]
    separator = max(",;\t", key=header.count)
    try:
        lines = list(csv.reader(io.StringIO(table, newline=""), delimiter=separator))
    except csv.Error as error:
        raise MusicRFMError(f"{path.name} is not CSV: {error}") from error
    numbered = [(i, line) for i, line in enumerate(lines, 1) if any(c.strip() for c in line)]
    if not numbered:
        raise MusicRFMError(f"{path.name} is empty: its first line must name the columns")
    columns = [name.strip() for name in numbered[0][1]]
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise MusicRFMError(f"{path.name} has two columns {twice[0]!r}: rename one")
    if len(numbered) == 1:
        raise MusicRFMError(f"{path.name} has columns but no lines: add one line for each file")
    for i, line in numbered[1:]:
        if len(line) != len(columns):
            raise MusicRFMError(
                f"line {i} of {path.name} has {len(line)} cells for {len(columns)} columns: "
                "put cells that contain the separator in quotes"
            )
    cells = [
        _parsed([line[c].strip() for _, line in numbered[1:]], name in text)
        for c, name in enumerate(columns)
    ]
    return [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)]


def _parsed(cells: list[str], text: bool) -> list[Any]:
    """The cells of one column by their type."""
    if text:
        return [cell or None for cell in cells]
    numbers = [_number(cell) for cell in cells]
    if all(n is not None or not cell for n, cell in zip(numbers, cells, strict=True)):
        return [n if n is not None and math.isfinite(n) else None for n in numbers]
    if all(cell.lower() in TRUTH for cell in cells if cell):
        return [TRUTH.get(cell.lower()) for cell in cells]
    return [cell or None for cell in cells]


def _number(cell: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return None
