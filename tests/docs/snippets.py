"""The commands and programs of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The snippets of CONTRIBUTING are parts of files: tests/contract/test_recipes.py follows them.
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")} - {ROOT / "CONTRIBUTING.md"})

# A comment above a fence, invisible to readers, marks a snippet that does not simply succeed.
FENCE = re.compile(
    r"^(?:<!-- (?:not executed: (?P<excuse>[^\n]+)|exits with (?P<code>\d+)|(?P<endless>runs until stopped)) -->\n)?"
    r"(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<body>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fenced code block of a page."""

    page: Path
    line: int
    language: str
    text: str
    excuse: str
    """The reason why it is not executed; empty if it is."""
    code: int = 0
    """The exit code that it ends with."""
    endless: bool = False
    """True when it runs until it is stopped."""

    @property
    def place(self) -> str:
        """Page and line, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def snippets(page: Path) -> Iterator[Snippet]:
    """Yields the shell and Python blocks of a page, from top to bottom."""
    text = page.read_text()
    for found in FENCE.finditer(text):
        if found["language"] in {"sh", "python"}:
            indent = len(found["indent"])
            body = "\n".join(line[indent:] for line in found["body"].splitlines())
            line = text.count("\n", 0, found.start()) + 1
            yield Snippet(
                page,
                line,
                found["language"],
                body,
                found["excuse"] or "",
                int(found["code"] or 0),
                bool(found["endless"]),
            )
