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
    """Modules under 25 lines that exactly one other module imports, packages and model types left aside."""
    importers = source.importers()
    return sorted(
        f"{module.shown}: {module.line_count} lines, imported by {next(iter(importers[module.name]))}"
        for module in source.modules.values()
        if module.line_count < SMALL_LINES
        and len(importers[module.name]) == 1
        and not module.is_package
        and not module.name.startswith("groundswell.")  # the client's modules are import paths of its users
        and "model_types" not in module.name
    )
