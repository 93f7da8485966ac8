"""Checks of names and sentences: file names that are activities, docstrings that open like questions, banned words."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.structure.source import Module, Source

NOUNS = frozenset({"string", "ring"})
"""Endings in -ing that are no activity."""
FIELD_TERMS = frozenset(
    {
        # The field's names for things, not for what is done.
        *("bucketing", "targeting", "gradient_boosting", "boosting", "thompson_sampling", "testing"),
    }
)
QUOTED = frozenset({'"tell us"', '"tell me"', '"come to|come see|come vis|"'})
"""Strings that are data: calls to action of captions, and triggers of spam phrases."""

_QUESTION = re.compile(r"(What|Who|Whose|Whom|Whether|How|Where|Which)\b")
_BANNED = re.compile(
    r"\b(heeds?|heeded|dear(er|est)?|whoever|no more(?! than)|by the clock|but for|of one's own|comes? to|came to"
    r"|tells?|told|is made of|are made of)\b",
    re.IGNORECASE,
)


def activities(source: Source) -> list[str]:
    """Modules whose name is an activity, such as `taking`, and no term of the field."""
    names = ((module.shown, module.path.stem) for module in source.modules.values() if not module.is_package)
    return sorted(shown for shown, stem in names if _is_activity(stem))


def _is_activity(stem: str) -> bool:
    last = stem.rpartition("_")[2]
    return last.endswith("ing") and last not in NOUNS and stem not in FIELD_TERMS and last not in FIELD_TERMS


def opening_words(source: Source, root: Path) -> list[str]:
    """Docstrings and comments of the contract that open with a question word instead of a verb or a noun."""
    found = [
        f"{module.shown}: {name}: {docstring.splitlines()[0]}"
        for module in source.modules.values()
        for name, docstring in docstrings(module)
        if _QUESTION.match(docstring)
    ]
    for path in sorted(root.glob("protos/groundswell/**/*.proto")):
        lines = path.read_text().splitlines()
        found += [
            f"{path.relative_to(root)}:{number}: {line.strip()}"
            for number, (before, line) in enumerate(zip(["", *lines], lines, strict=False), 1)
            if not before.strip().startswith("//") and _QUESTION.match(line.strip().removeprefix("// "))
            if line.strip().startswith("//")
        ]
    return sorted(found)


def docstrings(module: Module) -> Iterator[tuple[str, str]]:
    """Names and docstrings of a module, its classes, functions and documented attributes."""
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = ast.get_docstring(node)
            if docstring:
                yield getattr(node, "name", "module"), docstring
            yield from _attribute_docstrings(node.body)


def _attribute_docstrings(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for before, node in pairwise(body):
        if isinstance(before, (ast.Assign, ast.AnnAssign)) and isinstance(node, ast.Expr):
            value = node.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield ast.unparse(before).partition("=")[0].strip(), value.value


def banned_words(source: Source, root: Path) -> list[str]:
    """Sentences of comments, docstrings, messages, the contract and the docs that use a banned word."""
    found = [
        f"{module.shown}:{line}: {text.strip()[:100]}"
        for module in source.modules.values()
        for line, text in _written(module.text)
        if _BANNED.search(text)
    ]
    for pattern in ("protos/groundswell/**/*.proto", "docs/**/*.md", "*.md", "examples/*.py"):
        for path in sorted(root.glob(pattern)):
            if path.name != "CHANGELOG.md":
                for number, line in enumerate(path.read_text().splitlines(), 1):
                    if _BANNED.search(line):
                        found.append(f"{path.relative_to(root)}:{number}: {line.strip()[:100]}")
    return found


def _written(text: str) -> Iterator[tuple[int, str]]:
    """Lines of comments and of strings with a space in them, which is where sentences are."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_sentence = token.type == tokenize.STRING and " " in token.string and token.string not in QUOTED
        if is_sentence or token.type in (tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)):
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line
