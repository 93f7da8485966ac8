"""Checks the contract with buf: its style, and that it still serves the clients of the version before.

`python protos/check.py` compares with the last tag; without one, with the last commit that differs.
"""

from __future__ import annotations

import io
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

from generate import ROOT, write_image

CONFIG = ROOT / "protos/buf.yaml"


def main() -> int:
    """Runs both checks and returns 0 when both pass."""
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch, "contract.binpb")
        write_image(ROOT / "protos", image)
        if _buf("lint", str(image)):
            return 1
        baseline = _baseline()
        before = baseline and _image_of(baseline, Path(scratch))
        if not before:
            _say("buf breaking: no earlier version to compare with")
            return 0
        _say(f"buf breaking: compared with {baseline}")
        return _buf("breaking", str(image), "--against", str(before))


def _baseline() -> str | None:
    """The commit whose clients must still be served; None outside git and where there is none."""
    tag = _git("describe", "--tags", "--abbrev=0")
    if tag:
        return tag.decode().strip()
    unchanged = _git("diff", "--quiet", "HEAD", "--", "protos/groundswell") is not None
    commit = _git("rev-parse", "--short", "--verify", "--quiet", "HEAD~1" if unchanged else "HEAD")
    return commit.decode().strip() if commit else None


def _image_of(commit: str, scratch: Path) -> Path | None:
    """The image of the contract at `commit`; None where it had none."""
    archive = _git("archive", commit, "--", "protos/groundswell")
    if archive is None:
        return None
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(scratch, filter="data")
    image = scratch / "before.binpb"
    write_image(scratch / "protos", image)
    return image


def _git(*arguments: str) -> bytes | None:
    """What git prints, None when it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607
    return None if done.returncode else done.stdout


def _buf(*arguments: str) -> int:
    buf = Path(sysconfig.get_path("scripts"), "buf")
    return subprocess.run([buf, *arguments, "--config", CONFIG], check=False).returncode  # noqa: S603


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
