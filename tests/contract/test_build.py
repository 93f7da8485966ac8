"""The build: generated code is fresh, versions agree, and what is installed is complete."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from generate import generate

ROOT = Path(__file__).resolve().parents[2]
OWN = {"groundswell", "groundswell_server", "groundswell_storage", "buf"}
GENERATOR = ("grpcio-tools", "mypy-protobuf")


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirements(lines: list[str]) -> dict[str, Requirement]:
    parsed = (Requirement(line) for line in lines)
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


def base() -> dict[str, Requirement]:
    return requirements(pyproject()["project"]["dependencies"])


def extra(name: str) -> dict[str, Requirement]:
    return requirements(pyproject()["project"]["optional-dependencies"][name])


def build_requirements() -> dict[str, Requirement]:
    return requirements(pyproject()["build-system"]["requires"])


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def files_below(*folders: Path) -> dict[str, bytes]:
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {"/".join(path.parts[path.parts.index("client") + 1 :]): path.read_bytes() for path in found}


def test_generated_code_is_what_the_contract_gives(tmp_path: Path) -> None:
    fresh = tmp_path / "client"
    generate(ROOT, fresh)
    assert files_below(ROOT / "client/groundswell/v1", ROOT / "client/buf") == files_below(fresh)


def test_generating_again_leaves_files_alone_and_removes_stale_ones(tmp_path: Path) -> None:
    fresh = tmp_path / "client"
    generate(ROOT, fresh)
    kept = fresh / "groundswell/v1/engagement_pb2.py"
    stale = fresh / "groundswell/v1/removed_pb2.py"
    stale.touch()
    before = kept.stat().st_mtime_ns
    generate(ROOT, fresh)
    assert kept.stat().st_mtime_ns == before
    assert not stale.exists()


def test_generated_code_is_not_in_git() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    tracked = subprocess.run(
        ["git", "ls-files", "client/groundswell/v1", "client/buf"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert tracked.stdout == ""


def test_the_floor_of_grpcio_is_what_generates() -> None:
    generator = next(iter(build_requirements()["grpcio-tools"].specifier)).version
    stub = (ROOT / "client/groundswell/v1/engagement_pb2_grpc.py").read_text()
    assert re.search(r"GRPC_GENERATED_VERSION = '(.+)'", stub).group(1) == generator  # type: ignore[union-attr]
    assert str(base()["grpcio"].specifier) == f">={generator}"


def test_the_floor_of_protobuf_is_what_generates() -> None:
    messages = (ROOT / "client/groundswell/v1/engagement_pb2.py").read_text()
    generator = re.search(r"Protobuf Python Version: (.+)", messages).group(1)  # type: ignore[union-attr]
    assert str(base()["protobuf"].specifier) == f">={generator}"


def test_the_client_installs_grpc_protobuf_and_a_light_command_line() -> None:
    grpc = {"grpcio", "protobuf", "googleapis-common-protos", "grpcio-status"}
    assert set(base()) == grpc | {"click", "pyyaml", "rich"}


def imported_distributions(package: Path) -> set[str]:
    """The distributions, other than this one, that the modules of `package` import anywhere in them."""
    trees = (ast.parse(path.read_text()) for path in package.rglob("*.py"))
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    homes = metadata.packages_distributions()
    names = {name.split(".")[0] for name in modules} - sys.stdlib_module_names - OWN - {"google"}
    return {canonicalize_name(homes[name][0]) for name in names}


def test_the_sdk_imports_only_what_it_installs() -> None:
    assert imported_distributions(ROOT / "client/groundswell") <= set(base()) | set(extra("pandas"))


@pytest.mark.parametrize("package", ["server/groundswell_server", "storage/groundswell_storage"])
def test_the_server_imports_only_what_its_extras_install(package: str) -> None:
    assert imported_distributions(ROOT / package) <= set(base()) | set(extra("server")) | set(extra("dask"))


def test_tests_generate_with_the_versions_that_the_build_pins() -> None:
    for name in GENERATOR:
        assert build_requirements()[name] == extra("dev")[name]
    for name, requirement in build_requirements().items():
        assert requirement.specifier.contains(constraints()[name]), name


@pytest.mark.parametrize("group", ["server", "dask", "dev"])
def test_every_dependency_has_a_tested_version_in_its_range(group: str) -> None:
    for name, requirement in {**base(), **extra(group)}.items():
        if name != "groundswell":
            assert requirement.specifier.contains(constraints()[name]), name


def test_constraints_are_names_and_versions_alone() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", line)] == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "Makefile", "hatch_build.py", ".ci/run"])
def test_no_file_of_the_build_names_a_download_address(name: str) -> None:
    assert not re.search(r"://|--index|--find-links|--extra-index", (ROOT / name).read_text())


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from an sdist as a release is."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", out, ROOT, cwd=ROOT)
    return next(out.glob("*.whl"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_has_the_three_packages_typed_and_the_stubs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packages = ("groundswell", "groundswell_server", "groundswell_storage")
    assert {f"{package}/py.typed" for package in packages} <= names
    assert {f"groundswell/v1/{name}" for name in ("services.py", "learning_client.py", "learning_pb2.pyi")} <= names
    assert "groundswell/v1/contract.binpb" in names
    assert "buf/validate/validate_pb2.py" in names
    assert "buf/__init__.py" not in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {*packages, "buf"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_sdk_works_without_the_server_extra(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel, cwd=tmp_path)
    program = "import groundswell; from groundswell.v1 import services; print(len(services.services()))"
    assert int(run(python, "-c", program, cwd=tmp_path)) >= 2
