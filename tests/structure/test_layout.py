"""The layout of the source: layers, circles, loose and small modules, file names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.structure.prose import activities
from tests.structure.source import ROOT, Source

SMALL_LINES = 25
AT_THE_ROOT = {"__init__.py", "__main__.py", "app.py", "settings.py"}


@pytest.fixture(scope="module")
def source() -> Source:
    return Source()


def test_no_modules_import_each_other(source: Source) -> None:
    assert source.circles() == []


def test_no_import_goes_up_a_layer(source: Source) -> None:
    assert [f"{each.importer} -> {each.imported}" for each in source.upward_imports()] == []


def test_every_folder_of_a_layered_package_has_its_number(source: Source) -> None:
    assert source.unnumbered() == []


def test_the_packages_with_many_folders_number_their_layers(source: Source) -> None:
    layered = {"groundswell_server", "groundswell_storage"}
    layered |= {f"groundswell_server.{area}" for area in ("engagement", "experiments", "learning", "models")}
    assert layered - source.layers().keys() == set()


def test_the_root_of_the_server_has_no_loose_modules() -> None:
    assert loose_modules(ROOT) == []


def test_no_file_is_named_after_an_activity(source: Source) -> None:
    assert activities(source) == []


def test_small_modules_with_one_importer_are_part_of_it(source: Source) -> None:
    assert small_modules(source) == []


def loose_modules(root: Path) -> list[str]:
    """Modules at the root of the server's package, the entry points left aside."""
    return sorted({path.name for path in (root / "server/groundswell_server").glob("*.py")} - AT_THE_ROOT)


def small_modules(source: Source) -> list[str]:
    """Modules under 25 lines that exactly one other module of their package imports and that could be part of it.

    Left aside are packages, model types, and the modules of the client, which its users import.
    """
    importers = source.importers()
    found = []
    for module in source.modules.values():
        if module.line_count >= SMALL_LINES or module.is_package or len(importers[module.name]) != 1:
            continue
        (importer,) = importers[module.name]
        package = module.name.partition(".")[0]
        is_apart = package == "groundswell" or "model_types" in module.name or not importer.startswith(f"{package}.")
        if not is_apart:
            found.append(f"{module.shown}: {module.line_count} lines, imported by {importer}")
    return sorted(found)
