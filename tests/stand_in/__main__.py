"""`python -m tests.stand_in`: the stand-in for people to try, until it is interrupted."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress

from tests.stand_in.server import StandIn

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for Instagram, Facebook, X and TikTok.")
    parser.add_argument("--port", type=int, default=8099)
    with StandIn(port=parser.parse_args().port) as stand_in, suppress(KeyboardInterrupt):
        for name, url in stand_in.settings.items():
            print(f"export GROUNDSWELL_{name.upper()}={url}", flush=True)  # noqa: T201
        threading.Event().wait()
