"""The `groundswell` command. One file a command; heavy imports inside the functions, so that `--help` is instant."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

OWN_PACKAGES = {"groundswell", "groundswell_server", "groundswell_storage"}


def main() -> NoReturn:
    """Runs the command line; says what to install where only the client was, which brings this script too."""
    # Else gRPC's core writes lines of its own for every caller who takes a server for one without TLS.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        from groundswell_server.bootstrap.gc_freeze import gc_freeze, import_structlog

        with gc_freeze():
            import_structlog()
            from groundswell_server.cli.application import main as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OWN_PACKAGES:
            raise
        sys.stderr.write("error: this needs the server: pip install 'groundswell[server]'\n")
        sys.exit(1)
    run()


__all__ = ["main"]
