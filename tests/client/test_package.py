"""What `import groundswell` gives."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest
from google.longrunning import operations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

import groundswell
from groundswell import types
from tests.client.loopback import LoopbackServer, always

MODULES = sorted(module.name for module in pkgutil.iter_modules(groundswell.__path__) if module.name != "v1")


def _in_a_new_interpreter(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("name", groundswell.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(groundswell, name) is not None


def test_importing_the_package_imports_no_grpc_yet() -> None:
    loaded = _in_a_new_interpreter("import groundswell, sys; print('grpc' in sys.modules, 'google' in sys.modules)")
    assert loaded == "False False"


def test_a_client_for_threads_alone_loads_no_service_before_it_is_used() -> None:
    program = (
        "import sys, groundswell; groundswell.Client();"
        "print([name for name in sys.modules if name.endswith('_client') and 'groundswell' in name])"
    )
    assert _in_a_new_interpreter(program) == "[]"


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = groundswell.Clint


def test_messages_and_enums_stand_together() -> None:
    assert groundswell.types.Post(id="7").id == "7"
    assert groundswell.types.Platform.Value("PLATFORM_TIKTOK") == groundswell.types.PLATFORM_TIKTOK
    assert groundswell.types.ErrorReason.Value("ERROR_REASON_POST_NOT_FOUND") == 44


def test_types_has_every_message_and_enum_of_the_contract() -> None:
    image = (resources.files("groundswell.v1") / "contract.binpb").read_bytes()
    contract = [file for file in FileDescriptorSet.FromString(image).file if file.package == "groundswell.v1"]
    names = {each.name for file in contract for each in file.message_type}
    names |= {each.name for file in contract for each in file.enum_type}
    assert names
    assert names <= set(dir(groundswell.types)), "a file of the contract is missing in client/groundswell/types.py"


def test_the_version_is_that_of_the_distribution() -> None:
    try:
        assert groundswell.__version__ == metadata.version("groundswell")
    except metadata.PackageNotFoundError:
        assert groundswell.__version__ == "0"


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(groundswell.__path__[0], "py.typed").exists()


@pytest.fixture
def example_server(loopback: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the examples find at the target of the environment."""
    monkeypatch.setenv("GROUNDSWELL_TARGET", loopback.target)
    posts = [types.Post(caption="Sunrise"), types.Post(caption="Sunset")]
    changes = [types.WatchEngagementResponse(cursor=str(each + 1), post=post) for each, post in enumerate(posts)]
    trained = operations_pb2.Operation(name="operations/7", done=True)
    trained.response.Pack(types.Model(version=3))
    trained.metadata.Pack(types.OperationProgress(progress_pct=100, message="trained"))
    loopback.answers |= {
        "CreatePersona": lambda request, context: types.CreatePersonaResponse(persona=types.Persona(name=request.name)),
        "ListPosts": always(types.ListPostsResponse(posts=posts)),
        "WatchEngagement": lambda request, context: iter(changes),
        "TrainModel": always(types.TrainModelResponse(operation=trained)),
        "StartContext": always(types.StartContextResponse(context=types.Context(id="7"))),
        "FinishContext": lambda request, context: types.FinishContextResponse(
            context=types.Context(output=request.output)
        ),
    }


@pytest.mark.usefixtures("example_server")
@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_docstrings_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"groundswell.{module}")).failed == 0
