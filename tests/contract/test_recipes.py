"""The recipes of CONTRIBUTING.md, followed in a copy of the tree: a service of one call with its table."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("client", "server", "storage")

PROTO = """
    syntax = "proto3";

    package groundswell.v1;

    import "buf/validate/validate.proto";
    import "groundswell/v1/options.proto";

    // Keeps notes.
    service NotesService {
      // Keeps a note.
      rpc CreateNote(CreateNoteRequest) returns (CreateNoteResponse) {
        option (groundswell.v1.call) = {role: ROLE_WRITER scope: "notes.write" audit: AUDIT_RUNTIME};
      }
    }

    // Request of CreateNote.
    message CreateNoteRequest {
      // The note.
      string text = 1 [(buf.validate.field).string.min_len = 1];
      // Makes the call safe to repeat.
      string request_id = 2;
    }

    // Response of CreateNote.
    message CreateNoteResponse {
      // Id of the note.
      string note_id = 1;
    }
"""
TABLE = '''
    """Notes."""

    from __future__ import annotations

    from peewee import TextField

    from groundswell_storage.scope import Scope
    from groundswell_storage.table import Table


    class NoteRow(Table):
        id = TextField(primary_key=True)
        text = TextField()


    def add(scope: Scope, text: str) -> str:
        """Adds a note; its id."""
        return scope.insert(NoteRow, id=scope.new_id(), text=text).id
'''
MIGRATION = '''
    """Notes."""

    from peewee import Model, TextField


    def up(migrator, db):
        class Note(Model):
            id = TextField(primary_key=True)
            workspace = TextField()
            text = TextField()

            class Meta:
                database = db
                table_name = "note"

        db.create_tables([Note])
'''
SERVICE = '''
    """NotesService."""

    from groundswell.v1 import notes_pb2 as pb
    from groundswell_storage import notes
    from groundswell_storage.scope import Scope

    from groundswell_server.services.dependencies import Dependencies
    from groundswell_server.runtime.methods import rpc

    class Servicer:
        def __init__(self, dependencies: Dependencies) -> None:
            pass

        @rpc
        def CreateNote(self, request: pb.CreateNoteRequest, scope: Scope) -> pb.CreateNoteResponse:
            return pb.CreateNoteResponse(note_id=notes.add(scope, request.text))
'''
USE = """
    from groundswell import Client
    from groundswell.errors import InvalidArgument
    from tests.running import RunningServer

    with RunningServer("sqlite:///notes.db", ("notes",)) as server, Client(server.target) as client:
        first = client.notes.create_note(text="hello", request_id="once")
        assert client.notes.create_note(text="hello", request_id="once") == first
        try:
            client.notes.create_note(text="")
        except InvalidArgument as error:
            assert [field.field for field in error.fields] == ["text"]
        else:
            raise AssertionError("a note without text was kept")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the project that a recipe may change."""
    for folder in (*PACKAGES, "protos", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_service_is_a_contract_a_table_a_migration_and_a_folder(tree: Path) -> None:
    server, storage = tree / "server/groundswell_server", tree / "storage/groundswell_storage"
    put(tree / "protos/groundswell/v1/notes.proto", PROTO)
    put(storage / "notes.py", TABLE)
    put(storage / "migrations/9001_notes.py", MIGRATION)
    put(server / "notes/__init__.py", '"""Notes."""')
    put(server / "notes/service.py", SERVICE)

    run(tree, "protos/generate.py")
    run(tree, "-c", dedent(USE))


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip())


def run(tree: Path, *arguments: str) -> None:
    path = ":".join(str(tree / folder) for folder in (*PACKAGES, "."))
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "HOME": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stdout + result.stderr
