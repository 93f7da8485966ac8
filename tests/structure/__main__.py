"""`python -m tests.structure [CHECKOUT]`: counts what the structure checks look at, in this checkout or another."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.structure.prose import activities, banned_words, opening_words
from tests.structure.source import PACKAGES, ROOT, Source
from tests.structure.test_layout import loose_modules, small_modules


def main(root: Path) -> None:
    """Prints one line a count, then what is counted where that is short."""
    source = Source(root)
    for package in PACKAGES:
        modules = [module for module in source.modules.values() if module.shown.startswith(package)]
        print(f"{package}: {len(modules)} files, {sum(module.line_count for module in modules)} lines")
    for title, rows in (
        ("circles of imports", [", ".join(circle) for circle in source.circles()]),
        ("upward imports", [f"{each.importer} -> {each.imported}" for each in source.upward_imports()]),
        ("file names that are activities", activities(source)),
        ("modules under 25 lines with one importer", small_modules(source)),
        ("loose modules at the root of the server", loose_modules(root)),
        ("docstrings that open with a question word", opening_words(source, root)),
        ("banned words", banned_words(source, root)),
    ):
        print(f"{title}: {len(rows)}")
        for row in rows:
            print(f"    {row}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
