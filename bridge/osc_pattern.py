"""OSC 1.0 address patterns: one message for many addresses."""

from __future__ import annotations

from collections.abc import Iterator

from musicrfm.errors import MusicRFMError

PATTERN_CHARACTERS = frozenset("?*[]{}")


def is_pattern(address: str) -> bool:
    return not PATTERN_CHARACTERS.isdisjoint(address)


def match(pattern: str, addresses: Iterator[str] | list[str]) -> list[str]:
    """The addresses an OSC 1.0 pattern stands for: `?`, `*`, `[a-c]`, `[!a]` and `{one,two}`.

    A pattern's parts match an address's parts one by one; nothing matches across a `/`. Takes time
    proportional to the pattern's length, whatever the pattern. Raises MusicRFMError if a bracket is
    not closed.
    """
    wanted = [_tokens(part, pattern) for part in pattern.split("/")]
    found = []
    for address in addresses:
        parts = address.split("/")
        if len(parts) == len(wanted) and all(map(_fits, wanted, parts)):
            found.append(address)
    return found


# A token is a set of texts to choose from, a (set of characters, wanted) pair, or ANY.
_ANY = object()


def _tokens(part: str, pattern: str) -> list:
    tokens: list = []
    position = 0
    while position < len(part):
        character = part[position]
        if character == "*":
            tokens.append(_ANY)
        elif character == "?":
            tokens.append((frozenset(), False))
        elif character in "[{":
            end = part.find("]" if character == "[" else "}", position + 1)
            if end < 0:
                raise MusicRFMError(f"the pattern {pattern!r} has an unclosed {character!r}")
            inside = part[position + 1 : end]
            if character == "{":
                tokens.append(frozenset(inside.split(",")))
            else:
                wanted = not inside.startswith("!")
                tokens.append((_characters(inside if wanted else inside[1:]), wanted))
            position = end
        else:
            tokens.append(frozenset(character))
        position += 1
    return tokens


def _characters(inside: str) -> frozenset[str]:
    characters = set()
    position = 0
    while position < len(inside):
        if position + 2 < len(inside) and inside[position + 1] == "-":
            first, last = sorted((ord(inside[position]), ord(inside[position + 2])))
            # OSC is ASCII; a wider range is cut so that a packet cannot ask for a huge set.
            characters.update(map(chr, range(first, min(last, first + 127) + 1)))
            position += 3
        else:
            characters.add(inside[position])
            position += 1
    return frozenset(characters)


def _fits(tokens: list, text: str) -> bool:
    """Walk all ways to match at once, so that no pattern makes it backtrack."""
    reached = {0}
    for token in tokens:
        if token is _ANY:
            reached = set(range(min(reached), len(text) + 1))
        elif isinstance(token, tuple):
            characters, wanted = token
            reached = {
                at + 1 for at in reached if at < len(text) and (text[at] in characters) == wanted
            }
        else:
            reached = {at + len(one) for at in reached for one in token if text.startswith(one, at)}
        if not reached:
            return False
    return len(text) in reached
