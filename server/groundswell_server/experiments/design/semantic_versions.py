"""The order of version numbers, as in Semantic Versioning 2.0.0, section 11."""

from __future__ import annotations

Part = tuple[bool, int, str]
"""Whether it is no number; of a number, its length and digits, which sort as it does and may be any number of."""
Precedence = tuple[tuple[Part, ...], bool, tuple[Part, ...]]


def precedence(version: str) -> Precedence:
    """A key by which versions sort: 1.9 < 1.10.0-beta.2 < 1.10.0-beta.11 < 1.10.0 = v1.10 = 1.10.0+build7.

    Missing numbers are zeros. What is no number sorts after all numbers, by its characters.
    """
    core, _, before = version.strip().removeprefix("v").partition("+")[0].partition("-")
    numbers = [_part(text) for text in core.split(".")]
    while len(numbers) > 1 and numbers[-1] == _part("0"):
        numbers.pop()
    # A version before the release, with something behind the hyphen, comes before the release.
    return tuple(numbers), not before, tuple(_part(text) for text in before.split(".") if before)


def _part(text: str) -> Part:
    if not (text.isascii() and text.isdigit()):
        return True, 0, text
    digits = text.lstrip("0")
    return False, len(digits), digits
