"""What a server loads before it answers: nothing heavy."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import groundswell_server.app
from importlib import import_module
for name in groundswell_server.app.SERVICES:
    import_module(f"groundswell_server.{name}.service")
heavy = {"numpy", "scipy", "sklearn", "onnxruntime", "skl2onnx", "joblib", "matplotlib", "datasketch", "jwt", "huey"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_a_server_starts_without_the_libraries_that_are_only_needed_later() -> None:
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []
