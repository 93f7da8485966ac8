"""`make lint` refuses a contract that breaks its style or the clients of the version before."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import check

ENGAGEMENT = "protos/groundswell/v1/engagement.proto"

Edit = Callable[[str, str], None]


def git(root: Path, *arguments: str) -> None:
    author = ["-c", "user.name=Tester", "-c", "user.email=tester@localhost"]
    subprocess.run(["git", *author, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git checkout with the contract in its only commit, which `check` looks at."""
    source = check.ROOT / "protos/groundswell"
    shutil.copytree(source, tmp_path / "protos/groundswell")
    (tmp_path / check.BASELINE).write_text("1. The contract as it is.\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "The contract")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def edit(checkout: Path) -> Edit:
    """Replaces the first match of a pattern in engagement.proto."""

    def replace(pattern: str, replacement: str) -> None:
        path = checkout / ENGAGEMENT
        text, count = re.subn(pattern, replacement, path.read_text(), count=1)
        assert count == 1
        path.write_text(text)

    return replace


def test_a_new_baseline_has_nothing_to_compare_with(
    checkout: Path, edit: Edit, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(r"  // Only this category\.\n  string category = 6 .*\n", "")
    with (checkout / check.BASELINE).open("a") as baseline:
        baseline.write("2. A field is gone.\n")
    assert check.main() == 0
    assert "nothing to compare with" in capfd.readouterr().out
    git(checkout, "commit", "--all", "--quiet", "--message", "Take a field away")
    assert check.main() == 0


def test_a_field_that_is_taken_away_is_refused_before_it_is_committed(
    edit: Edit, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(r"  // Only this category\.\n  string category = 6 .*\n", "")
    assert check.main() != 0
    assert 'Previously present field "6" with name "category"' in capfd.readouterr().out


def test_a_field_that_is_taken_away_is_refused_in_the_commit_that_does_it(
    checkout: Path, edit: Edit, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(r"  // Only this category\.\n  string category = 6 .*\n", "")
    git(checkout, "commit", "--all", "--quiet", "--message", "Take a field away")
    assert check.main() != 0
    assert 'Previously present field "6" with name "category"' in capfd.readouterr().out


def test_a_release_is_what_later_commits_are_compared_with(
    checkout: Path, edit: Edit, capfd: pytest.CaptureFixture[str]
) -> None:
    git(checkout, "tag", "v0.1.0")
    edit(r"  // Only this category\.\n  string category = 6 .*\n", "")
    git(checkout, "commit", "--all", "--quiet", "--message", "Take a field away")
    git(checkout, "commit", "--allow-empty", "--quiet", "--message", "Something else")
    assert check.main() != 0
    assert "compared with v0.1.0" in capfd.readouterr().out


def test_a_new_field_is_welcome(edit: Edit) -> None:
    edit(r"(  // Only this category\.\n)", r"  // Only with this word.\n  string word = 90;\n\1")
    assert check.main() == 0


def test_a_field_without_a_comment_is_refused(edit: Edit, capfd: pytest.CaptureFixture[str]) -> None:
    edit(r"  // Only this category\.\n", "")
    assert check.main() != 0
    assert "should have a non-empty comment" in capfd.readouterr().out
