"""Checks the contract with buf: its style, and that it still serves the clients of its baseline.

The baseline is the commit that last changed `protos/BASELINE`, or the last tag after it. A commit that breaks the
contract on purpose changes that file and so becomes the baseline.
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
BASELINE = "protos/BASELINE"


def main() -> int:
    """Runs both checks. Returns 0 when both pass."""
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch, "contract.binpb")
        write_image(ROOT / "protos", image)
        if _buf("lint", str(image)):
            return 1
        baseline = _baseline()
        before = baseline and _image_of(baseline, Path(scratch))
        if not before:
            _say(f"buf breaking: nothing to compare with; the next commit of {BASELINE} is the baseline")
            return 0
        _say(f"buf breaking: compared with {baseline}")
        return _buf("breaking", str(image), "--against", str(before))


def _baseline() -> str | None:
    """Returns the commit whose clients must still be served; None where there is none, or a new one is being made."""
    commit = _git("log", "-1", "--format=%h", "--", BASELINE)
    if not commit or _git("diff", "--quiet", "HEAD", "--", BASELINE) is None:
        return None
    tag = _git("describe", "--tags", "--abbrev=0")
    if tag and _git("merge-base", "--is-ancestor", commit.decode().strip(), tag.decode().strip()) is not None:
        commit = tag
    return commit.decode().strip()


def _image_of(commit: str, scratch: Path) -> Path | None:
    """Returns the image of the contract at `commit`; None where it had none."""
    archive = _git("archive", commit, "--", "protos/groundswell")
    if archive is None:
        return None
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(scratch, filter="data")
    image = scratch / "before.binpb"
    write_image(scratch / "protos", image)
    return image


def _git(*arguments: str) -> bytes | None:
    """Returns the output of git; None when it fails."""
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
