"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the project: a service, then a second call."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("client", "server", "storage")
OTHERS = ("protos", "tests", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
_BLOCK = re.compile(
    r"^   (?P<place>[^\n]*`(?P<path>[^`\n]+)`):\n\n   ```\w+\n(?P<text>.*?)   ```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Step:
    """A block of a recipe."""

    place: str
    path: str
    text: str

    def follow(self, tree: Path) -> None:
        path = tree / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if path.exists() else ""
        if self.place.startswith("In the service of"):
            end = re.search(r"^}$", before, re.MULTILINE)
            assert end is not None
            path.write_text(before[: end.start()] + self.text + before[end.start() :])
        else:
            assert self.place.startswith("At the end of") == bool(before), f"{self.path}: create or extend?"
            path.write_text(before + self.text)

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/")


def recipe(heading: str) -> list[Step]:
    """The blocks of a section of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [Step(found["place"], found["path"], _dedented(found["text"])) for found in _BLOCK.finditer(section)]


def _dedented(text: str) -> str:
    """A block without the margin of its list item; the first line of a block may be indented further."""
    return "".join(line.removeprefix("   ") for line in text.splitlines(keepends=True))


SERVICE, CALL = recipe("Add a service"), recipe("Add a call")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which both recipes were followed, up to their tests."""
    root = tmp_path_factory.mktemp("recipes")
    for name in (*PACKAGES, *OTHERS):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, root / name)
    for step in (*SERVICE, *CALL):
        if not step.is_test:
            step.follow(root)
    run(root, "protos/generate.py")
    run(root, "-m", "groundswell_storage.migrations.freeze")
    return root


@pytest.fixture(scope="module")
def tested_tree(tree: Path) -> Path:
    """The same with the tests of the recipes."""
    missing = [
        run_tests(tree, "tests/contract/test_own_tests.py"),
        run_tests(tree, "tests/tenancy/test_every_call.py", "-k", "has_an_attempt and Note"),
    ]
    for name in ("CreateNote", "GetNote"):
        for failed in missing:
            assert re.search(rf"^FAILED .*{name}", failed, re.MULTILINE), failed
    for step in (*SERVICE, *CALL):
        if step.is_test:
            step.follow(tree)
    return tree


def test_the_recipes_touch_few_files_and_lines() -> None:
    for steps, files, lines in ((SERVICE, 8, 130), (CALL, 5, 45)):
        assert len({step.path for step in steps}) <= files
        assert sum(step.text.count("\n") for step in steps) <= lines


def test_a_service_and_its_calls_fail_until_they_are_tested_and_pass_then(tested_tree: Path) -> None:
    walked = ["tests/contract/test_bad_requests.py", "tests/contract/test_call_options.py", "tests/tenancy"]
    own = ["tests/notes", "tests/contract/test_own_tests.py"]
    output = run_tests(tested_tree, *own, *walked, "-k", "sqlite and Note or notes or tested and Note")
    assert re.search(r"^\d+ passed", output.splitlines()[-1]), output


def test_the_result_has_the_style_and_types_that_lint_checks(tested_tree: Path) -> None:
    written = sorted({step.path for step in (*SERVICE, *CALL) if step.path.endswith(".py")})
    run(tested_tree, "-m", "ruff", "check", "--no-cache", *written)
    run(tested_tree, "-m", "ruff", "format", "--check", "--no-cache", *written)
    run(tested_tree, "-m", "mypy", "-p", "groundswell_server.notes", "-m", "groundswell_storage.notes")


def test_the_layers_hold_with_a_new_service(tested_tree: Path) -> None:
    output = run_tests(tested_tree, "tests/structure/test_layout.py")
    assert re.search(r"^\d+ passed", output.splitlines()[-1]), output


def run(tree: Path, *arguments: str) -> str:
    result = _run(tree, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def run_tests(tree: Path, *arguments: str) -> str:
    """The output of pytest, whether it passes or not."""
    return _run(tree, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-rf", *arguments).stdout


def _run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = ":".join(str(tree / folder) for folder in (*PACKAGES, "protos", "."))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "GROUNDSWELL"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**environment, "PYTHONPATH": path, "HOME": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
