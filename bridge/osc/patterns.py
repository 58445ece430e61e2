"""OSC 1.0 address patterns: one message for many addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from musicrfm.errors import MusicRFMError

PATTERN_CHARACTERS = frozenset("?*[]{}")
MAX_PATTERN = 4096  # characters, where a run of stars is one
STARS = re.compile(r"\*+")
PIECE = re.compile(r"[*?]|\[[^\]]*\]|\{[^}]*\}|[^*?\[{]+")


def is_pattern(address: str) -> bool:
    return not PATTERN_CHARACTERS.isdisjoint(address)


def match(pattern: str, addresses: Iterable[str]) -> list[str]:
    """The addresses that match an OSC 1.0 pattern: `?`, `*`, `[a-c]`, `[!a]` and `{one,two}`.

    The parts of a pattern match the parts of an address one by one; nothing matches across a `/`.
    The time is proportional to the pattern's length, for any pattern and number of addresses.
    Raises MusicRFMError if a bracket is not closed, or if the pattern is too long.
    """
    pattern = STARS.sub("*", pattern)
    if len(pattern) > MAX_PATTERN:
        raise MusicRFMError(
            f"a pattern may have up to {MAX_PATTERN} characters, and {pattern[:40]!r}… has "
            f"{len(pattern)}"
        )
    wanted = pattern.split("/")
    pieces = [_pieces(part, pattern) for part in wanted]
    addresses = tuple(addresses)
    columns = _columns(addresses, len(wanted))
    fitting = [column.matching(part) for column, part in zip(columns, pieces, strict=True)]
    found = []
    for address in addresses:
        parts = address.split("/")
        if len(parts) == len(wanted) and all(map(_within, parts, fitting)):
            found.append(address)
    return found


def _pieces(part: str, pattern: str) -> list[str]:
    found, at = [], 0
    while at < len(part):
        piece = PIECE.match(part, at)
        if piece is None:
            raise MusicRFMError(f"the pattern {pattern!r} has an unclosed {part[at]!r}")
        found.append(piece[0])
        at = piece.end()
    return found


def _within(part: str, fitting: set[str]) -> bool:
    return part in fitting


@dataclass(frozen=True)
class Column:
    """Texts side by side, with a bit for each position that matching may have reached.

    A text of n characters has n + 1 positions, before each character and at its end, followed by a
    bit that stays free. letters: character → the positions before it. One step of matching is thus
    one sum of large integers, for all texts at once.
    """

    texts: tuple[tuple[str, int], ...]  # each with its last place
    starts: int
    free: int
    letters: dict[str, int]
    any_letter: int

    def matching(self, pieces: list[str]) -> set[str]:
        """The texts that match the pieces of a pattern's part, following all alternatives at
        once."""
        reached = self.starts
        for piece in pieces:
            if piece == "*":
                reached = self._onward(reached)
            elif piece == "?":
                reached = (reached & self.any_letter) << 1
            elif piece[0] == "[":
                reached = (reached & self._before(piece[1:-1])) << 1
            elif piece[0] == "{":
                ends = 0
                for choice in dict.fromkeys(piece[1:-1].split(",")):
                    ends |= self._along(reached, choice)
                reached = ends
            else:
                reached = self._along(reached, piece)
            if not reached:
                return set()
        return {text for text, last in self.texts if reached >> last & 1}

    def _onward(self, reached: int) -> int:
        """The same positions and all later ones in the same text."""
        # From each text's free bit, its places are taken away: what borrows fills the rest. A text
        # that has not been reached keeps its free bit alone.
        return ((self.free - reached) | reached) & ~self.free

    def _along(self, reached: int, text: str) -> int:
        for character in text:
            reached = (reached & self.letters.get(character, 0)) << 1
            if not reached:
                break
        return reached

    def _before(self, letters: str) -> int:
        """The positions before one of a bracket's letters, or before any other after a `!`."""
        unwanted = letters.startswith("!")
        found, at = 0, int(unwanted)
        while at < len(letters):
            first = last = letters[at]
            if at + 2 < len(letters) and letters[at + 1] == "-":
                first, last = sorted((first, letters[at + 2]))
                at += 2
            at += 1
            if first == last:
                found |= self.letters.get(first, 0)
                continue
            for letter, places in self.letters.items():
                if first <= letter <= last:
                    found |= places
        return self.any_letter & ~found if unwanted else found


@lru_cache(maxsize=16)
def _columns(addresses: tuple[str, ...], depth: int) -> tuple[Column, ...]:
    """The first, second, … parts of all addresses with the same number of parts."""
    split = [parts for address in addresses if len(parts := address.split("/")) == depth]
    return tuple(_column({parts[at] for parts in split}) for at in range(depth))


def _column(texts: set[str]) -> Column:
    at, starts, free = 0, 0, 0
    letters: dict[str, int] = {}
    placed = []
    for text in sorted(texts):
        starts |= 1 << at
        for character in text:
            letters[character] = letters.get(character, 0) | 1 << at
            at += 1
        placed.append((text, at))
        free |= 1 << at + 1
        at += 2
    any_letter = 0
    for places in letters.values():
        any_letter |= places
    return Column(tuple(placed), starts, free, letters, any_letter)
