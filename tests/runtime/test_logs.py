"""Log lines: ours and those of libraries in one format, without secrets."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging, warnings
import structlog
from groundswell_server.observability import logs

logs.configure(format={format!r}, level={level!r})
structlog.get_logger().info("ours", url="postgresql://ann:hush@host/name?password=hush")
logging.getLogger("library").warning("of %s with key gsk_abc_hush", "a library")
logging.getLogger("library").info("chatter")
try:
    raise ValueError("a fault")
except ValueError:
    logging.getLogger("library").exception("failed")
warnings.warn("be careful")
"""


def written(*, format: str = "json", level: str = "info") -> list[str]:
    """The lines that a process writes."""
    program = PROGRAM.format(format=format, level=level)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_records_of_libraries_are_json_as_ours_are() -> None:
    ours, theirs, _, failed, warned = (json.loads(line) for line in written())
    assert ours.keys() == {"event", "url", "level", "timestamp"}
    assert theirs.pop("timestamp")
    assert theirs == {
        "event": "of a library with key gsk_abc_**********",
        "logger": "library",
        "level": "warning",
    }
    assert "ValueError: a fault" in failed["exception"]
    assert "be careful" in warned["event"]


def test_on_a_console_they_look_alike_too() -> None:
    lines = written(format="console")
    assert [line.split("[")[1].partition("]")[0].strip() for line in lines[:3]] == ["info", "warning", "info"]


@pytest.mark.parametrize("format", ["json", "console"])
def test_no_secret_is_written(format: str) -> None:
    assert "hush" not in "".join(written(format=format))


def test_a_level_silences_what_is_below_it_whoever_says_it() -> None:
    assert [json.loads(line)["level"] for line in written(level="error")] == ["error"]
