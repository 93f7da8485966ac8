"""Generates the Python side of the contract: messages, gRPC stubs, their types, and the typed clients.

`python protos/generate.py` writes into `client/`; the build hook calls the same function, so that installing the
project is enough. Nothing that is written here is kept in git.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib import metadata, resources
from pathlib import Path

from google.longrunning import operations_pb2
from google.protobuf import descriptor_pb2
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

from call_options import check_call_options
from clients import module_name, render_client
from contract import PACKAGE as PACKAGE_NAME
from contract import Contract
from services import render_services, render_types

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(*PACKAGE_NAME.split("."))
VALIDATE = "buf/validate/validate.proto"


def generate(root: Path = ROOT, destination: Path | None = None) -> None:
    """Brings the generated files under `destination` (default: `root/client`) up to date with `root/protos`.

    Files that are right already keep their time stamps, files that no longer belong there go.
    Raises SystemExit with protoc's code when the contract does not compile, and with the names of calls whose options
    are missing or contradict each other.
    """
    destination = destination or root / "client"
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch, "fresh")
        for folder in (fresh / PACKAGE, fresh / "buf/validate"):
            folder.mkdir(parents=True)
        _compile(root / "protos", fresh, Path(scratch, "imports.binpb"))
        for generated in (PACKAGE, Path("buf")):
            _replace(fresh / generated, destination / generated)


def write_image(protos: Path, image: Path) -> None:
    """Writes the contract at `protos` as one descriptor set with comments and imports: what `buf` reads."""
    with tempfile.TemporaryDirectory() as scratch:
        arguments = [*_inputs(protos, Path(scratch, "imports.binpb")), *_contract_files(protos)]
        _protoc([*arguments, f"--descriptor_set_out={image}", "--include_imports", "--include_source_info"])


def _compile(protos: Path, out: Path, imports: Path) -> None:
    """Runs protoc over the contract and over the constraints it imports, then writes the clients."""
    inputs = _inputs(protos, imports)
    package = out / PACKAGE
    image = package / "contract.binpb"
    messages = [f"--python_out={out}", f"--plugin={_plugin('protoc-gen-mypy')}", f"--mypy_out=quiet:{out}"]
    described = [f"--descriptor_set_out={image}", "--include_imports", "--include_source_info"]
    _protoc([*inputs, *messages, VALIDATE])
    _protoc([*inputs, *messages, *described, *_contract_files(protos)])
    files = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    stubs = [f"--grpc_python_out={out}", f"--plugin={_plugin('protoc-gen-mypy_grpc')}", f"--mypy_grpc_out=quiet:{out}"]
    _protoc([*inputs, *stubs, *(file.name for file in files.file if file.package == PACKAGE_NAME and file.service)])
    check_call_options(files)
    contract = Contract(files)
    (package / "__init__.py").write_text('"""Messages, stubs and clients, generated from the contract."""\n')
    (package / "services.py").write_text(render_services(contract.services, contract.imported_services))
    (package / "types.py").write_text(render_types(contract.file_names))
    for service in contract.services:
        (package / f"{module_name(service)}.py").write_text(render_client(contract, service))


def _inputs(protos: Path, imports: Path) -> list[str]:
    """Where protoc finds what the contract imports.

    Two imports are not on disk under the name they are imported by: protovalidate ships only the descriptor of its
    rules, and googleapis-common-protos calls the source of `operations.proto` otherwise than its descriptor.
    """
    files = descriptor_pb2.FileDescriptorSet()
    files.file.add().ParseFromString(validate_pb.desc().proto.to_binary())
    operations_pb2.DESCRIPTOR.CopyToProto(files.file.add())
    imports.write_bytes(files.SerializeToString())
    bundled = resources.files("grpc_tools") / "_proto"
    googleapis = metadata.distribution("googleapis-common-protos").locate_file("")
    return [f"-I{protos}", f"-I{bundled}", f"-I{googleapis}", f"--descriptor_set_in={imports}"]


def _contract_files(protos: Path) -> list[str]:
    """The contract's files, named as they import each other."""
    return sorted(path.relative_to(protos).as_posix() for path in (protos / PACKAGE).glob("*.proto"))


def _plugin(name: str) -> str:
    """`name=path` of a protoc plugin, found where its own distribution put it: it need not be on the PATH."""
    scripts = metadata.files("mypy-protobuf") or []
    return f"{name}={next(script for script in scripts if script.stem == name).locate()}"


def _protoc(arguments: list[str]) -> None:
    code = protoc.main(["protoc", *arguments])
    if code:
        raise SystemExit(code)


def _replace(fresh: Path, target: Path) -> None:
    """Makes the tree `target` equal to `fresh`, touching only what differs."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for path in list(target.rglob("*")):
        if path.is_file() and path.relative_to(target) not in wanted and "__pycache__" not in path.parts:
            path.unlink()
    for name in wanted:
        new, old = fresh / name, target / name
        if not old.is_file() or old.read_bytes() != new.read_bytes():
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new, old)


if __name__ == "__main__":
    generate()
