"""The order of version numbers, as in Semantic Versioning 2.0.0, section 11."""

from __future__ import annotations

Part = tuple[bool, int, str]
"""True for a part that is not a number; the length of a number; its text. Comparing the length first orders numbers of
any size by their digits."""
Precedence = tuple[tuple[Part, ...], bool, tuple[Part, ...]]


def precedence(version: str) -> Precedence:
    """Returns the sort key of a version: 1.9 < 1.10.0-beta.2 < 1.10.0-beta.11 < 1.10.0 = v1.10 = 1.10.0+build7.

    Missing numbers count as zero. Parts that are not numbers sort after all numbers, by code point.
    """
    core, _, before = version.strip().removeprefix("v").partition("+")[0].partition("-")
    numbers = [_part(text) for text in core.split(".")]
    while len(numbers) > 1 and numbers[-1] == _part("0"):
        numbers.pop()
    # A pre-release version, which has a part after the hyphen, precedes its release.
    return tuple(numbers), not before, tuple(_part(text) for text in before.split(".") if before)


def _part(text: str) -> Part:
    if not (text.isascii() and text.isdigit()):
        return True, 0, text
    digits = text.lstrip("0")
    return False, len(digits), digits
