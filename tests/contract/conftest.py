"""What the tests of the contract and its generator share."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import groundswell.v1
from generate import ROOT, generate


@pytest.fixture(scope="session")
def probe_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The client module that is generated for `probe.proto`, imported beside those of the contract."""
    root = tmp_path_factory.mktemp("probe")
    contract = root / "protos/groundswell/v1"
    contract.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("probe.proto"), contract)
    shutil.copy(ROOT / "protos/groundswell/v1/options.proto", contract)
    generate(root)
    generated = str(root / "client/groundswell/v1")
    groundswell.v1.__path__.append(generated)
    yield importlib.import_module("groundswell.v1.well_probe_client")
    groundswell.v1.__path__.remove(generated)
