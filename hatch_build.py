"""The build's own step: the contract becomes Python, so that `pip install -e .` is all it takes."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GenerateStubs(BuildHookInterface[Any]):
    """Runs `protos/generate.py` before files are collected for a wheel, editable ones included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Brings `client/groundswell/v1` and `client/buf` up to date with the contract."""
        sys.path.insert(0, str(Path(self.root, "protos")))
        from generate import generate

        generate(Path(self.root))
