"""The source of the three packages as the structure checks see it: modules, their imports, layers and docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("client/groundswell", "server/groundswell_server", "storage/groundswell_storage")
GENERATED = ("client/groundswell/v1/", "storage/groundswell_storage/migrations/0")

AREAS = "areas"
"""Layer of every folder of a service that has no layer of its own: a new service is in no list."""

_LAYER = re.compile(r"^\s*(\d+)\. ([\w, ]+):", re.MULTILINE)


@dataclass(frozen=True)
class Module:
    """A module of one of the packages."""

    name: str
    """Its import name; a package's own name for an `__init__.py`."""
    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def shown(self) -> str:
        """Its path from the root of the repository."""
        return self.path.as_posix()

    @property
    def line_count(self) -> int:
        return self.text.count("\n")

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@dataclass(frozen=True)
class Import:
    """One module's import of another; `is_typing` for one under `if TYPE_CHECKING`."""

    importer: str
    imported: str
    is_typing: bool = False


class Source:
    """All hand-written modules below a root, and the graph of their imports."""

    def __init__(self, root: Path = ROOT) -> None:
        self.modules = {module.name: module for module in _modules(root)}

    @cached_property
    def imports(self) -> frozenset[Import]:
        """Imports between these modules, wherever in a module they are."""
        return frozenset(found for module in self.modules.values() for found in self._imports(module))

    def importers(self) -> dict[str, set[str]]:
        """The modules that import each module."""
        found: dict[str, set[str]] = {name: set() for name in self.modules}
        for each in self.imports:
            found[each.imported].add(each.importer)
        return found

    def circles(self) -> list[list[str]]:
        """Groups of modules that import each other, directly or not, imports for types left aside; each sorted."""
        graph: dict[str, set[str]] = {name: set() for name in self.modules}
        for each in self.imports:
            if not each.is_typing:
                graph[each.importer].add(each.imported)
        return sorted(sorted(group) for group in _components(graph) if len(group) > 1)

    def layers(self) -> dict[str, dict[str, int]]:
        """Of each package whose docstring numbers its layers: the number of each module or folder in it."""
        found = {}
        for module in self.modules.values():
            docstring = ast.get_docstring(module.tree) or ""
            if module.is_package and (numbered := _LAYER.findall(docstring)):
                numbers = {name.strip(): int(number) for number, names in numbered for name in names.split(",")}
                found[module.name] = self._with_areas(module.name, numbers)
        return found

    def _with_areas(self, package: str, numbers: dict[str, int]) -> dict[str, int]:
        """The layers of a package with the folders that AREAS stands for."""
        number = numbers.pop(AREAS, None)
        areas = {} if number is None else dict.fromkeys(self._areas() & self._children(package), number)
        return areas | numbers

    def _areas(self) -> set[str]:
        """The names of the folders that have a servicer."""
        return {name.split(".")[1] for name in self.modules if re.fullmatch(r"groundswell_server\.\w+\.service", name)}

    def _children(self, package: str) -> set[str]:
        """The modules and folders in a package."""
        prefix = f"{package}."
        return {name.removeprefix(prefix).partition(".")[0] for name in self.modules if name.startswith(prefix)}

    def upward_imports(self) -> list[Import]:
        """Imports of a module in the same or a higher layer of a package whose docstring numbers its layers."""
        return sorted(
            (
                each
                for package, numbers in self.layers().items()
                for each in self.imports
                if not each.is_typing and _is_upward(each, f"{package}.", numbers)
            ),
            key=lambda each: (each.importer, each.imported),
        )

    def unnumbered(self) -> list[str]:
        """Modules and folders that the numbered docstring of their package leaves out, and names in it of nothing."""
        found = []
        for package, numbers in self.layers().items():
            there = self._children(package)
            found += [f"{package}.{name} has no layer" for name in sorted(there - numbers.keys())]
            found += [f"{package}.{name} does not exist" for name in sorted(numbers.keys() - there)]
        return found

    def _imports(self, module: Module) -> Iterator[Import]:
        typing_only = {
            id(inner)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            for inner in ast.walk(node)
        }
        for node in ast.walk(module.tree):
            for name in self._imported(node):
                if name != module.name:
                    yield Import(module.name, name, id(node) in typing_only)

    def _imported(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in self.modules)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in self.modules:
                    yield full
                elif node.module in self.modules:
                    yield node.module


def _modules(root: Path) -> Iterator[Module]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            shown = path.relative_to(root)
            if shown.as_posix().startswith(GENERATED):
                continue
            parts = path.relative_to((root / package).parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield Module(name, shown, path.read_text())


def _is_upward(each: Import, prefix: str, numbers: dict[str, int]) -> bool:
    if not (each.importer.startswith(prefix) and each.imported.startswith(prefix)):
        return False
    above = each.importer.removeprefix(prefix).partition(".")[0]
    below = each.imported.removeprefix(prefix).partition(".")[0]
    return above != below and numbers.get(below, 0) >= numbers.get(above, 1 << 30)


def _components(graph: dict[str, set[str]]) -> Iterator[set[str]]:
    """The strongly connected components of a graph (Tarjan's algorithm, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for start in graph:
        if start in index:
            continue
        work = [(start, iter(sorted(graph[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, following = work[-1]
            for neighbour in following:
                if neighbour not in index:
                    index[neighbour] = low[neighbour] = len(index)
                    stack.append(neighbour)
                    on_stack.add(neighbour)
                    work.append((neighbour, iter(sorted(graph[neighbour]))))
                    break
                if neighbour in on_stack:
                    low[node] = min(low[node], index[neighbour])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = set()
                    while not group or node not in group:
                        group.add(stack.pop())
                    on_stack -= group
                    yield group
