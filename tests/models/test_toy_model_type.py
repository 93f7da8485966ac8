"""A model type is one module in the `model_types` folder of any area, and a value of the contract's enum."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("client", "server", "storage")

MODULE = '''"""URGENCY_CLASSIFIER: the urgency of a text, learnt from labelled texts."""

from __future__ import annotations

from groundswell_server.learning.training.text_model_type import TextModelType

MODEL_TYPE = TextModelType(
    name="URGENCY_CLASSIFIER", title="urgency of a text", parameters={"C": 1.0, "most_terms": 2_000}
)
'''
ENUM_VALUE = "  // The urgency of a text.\n  MODEL_TYPE_URGENCY_CLASSIFIER = 99;\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the project with an area `toys` that has the model type, and with its value in the contract."""
    for folder in (*PACKAGES, "protos", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    contract = tmp_path / "protos/groundswell/v1/learning.proto"
    text, count = re.subn(
        r"(enum ModelType \{\n.*?)(\n\})",
        rf"\1\n{ENUM_VALUE.rstrip()}\2",
        contract.read_text(),
        flags=re.DOTALL,
        count=1,
    )
    assert count == 1
    contract.write_text(text)
    area = tmp_path / "server/groundswell_server/toys"
    (area / "model_types").mkdir(parents=True)
    (area / "__init__.py").write_text('"""Toys."""\n')
    (area / "model_types/__init__.py").write_text('"""Model types of toys."""\n')
    (area / "model_types/urgency_classifier.py").write_text(MODULE)
    return tmp_path


def test_a_toy_type_goes_through_the_life_of_a_model_without_a_line_outside_its_module(tree: Path) -> None:
    run(tree, "protos/generate.py")
    run(tree, "-m", "tests.models.toy_life")


def run(tree: Path, *arguments: str) -> None:
    path = ":".join(str(tree / folder) for folder in (*PACKAGES, "."))
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "HOME": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert result.returncode == 0, result.stdout + result.stderr
