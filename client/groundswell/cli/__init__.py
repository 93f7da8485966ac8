"""The `groundswell` command: every call of the contract as `groundswell RESOURCE VERB`, and the commands of plugins.

Imports by number: a module imports only modules with a lower number.

1. `contract`: the calls, their comments, and the names of their commands. `options`: the headings of the help.
2. `documents`, `fields`: requests from files, `--set` and flags.
3. `messages`, `tables`, `output`: answers as tables, JSON, YAML, CSV and names.
4. `connection`, `failures`, `sender`: how a server is reached, how calls are sent, and how they fail.
5. `call_command`: the command of one call.
6. `application`: all commands in one tree.
"""

from __future__ import annotations

import os


def main() -> None:
    """Runs the command line and exits with its exit code."""
    # Without this, gRPC's core logs lines of its own whenever a client without TLS reaches a server with it.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from groundswell.cli.application import run

    run()


__all__ = ["main"]
