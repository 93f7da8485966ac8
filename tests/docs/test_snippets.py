"""Every command and every program in the documentation runs, page by page, against a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundswell import Client
from groundswell_server.cli.post_import import import_file
from tests.docs.snippets import PAGES, ROOT, Snippet, snippets
from tests.processes import Suite
from tests.stand_in import StandIn

POSTS = ROOT / "server/groundswell_server/cli/demo/data/facebook_metrics.csv"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SOON, STOPPED = "2", 124
"""Seconds after which `timeout` stops an endless command, and its exit code then."""
TARGET = "localhost:50051"
"""The address of the server in the documentation."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """A suite in the state after the demo: 500 posts and live models."""
    folder = tmp_path_factory.mktemp("docs")
    with StandIn() as platforms, Suite(f"sqlite:///{folder / 'groundswell.db'}", **pointed_at(platforms)) as suite:
        with Client(suite.target, api_key="") as client:
            import_file(client, POSTS)
            for model_type in ("ENGAGEMENT_PREDICTOR", "SUCCESS_CLASSIFIER"):
                model = client.learning.train_model(
                    model_type=model_type, as_of_time="2015-02-01T00:00:00Z", lookback_days=500
                ).result()
                client.learning.promote_model(model_id=model.id, force=True)
        yield suite


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_snippets_of_a_page_run(page: Path, suite: Suite, tmp_path: Path) -> None:
    found = [snippet for snippet in snippets(page) if not snippet.excuse]
    if any("grpcurl" in snippet.text for snippet in found) and grpcurl() is None:
        assert not os.environ.get("CI"), "grpcurl is needed; see .ci/run"
        pytest.skip("grpcurl is not installed; GRPCURL says where it is")
    (tmp_path / "posts.csv").write_text(POSTS.read_text())
    (tmp_path / "server").symlink_to(ROOT / "server")
    for snippet in found:
        run(snippet, suite, tmp_path)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs(example: Path, suite: Suite, tmp_path: Path) -> None:
    run(Snippet(example, 1, "python", example.read_text(), ""), suite, tmp_path)


def run(snippet: Snippet, suite: Suite, folder: Path) -> None:
    text = snippet.text.replace(TARGET, suite.target)
    interpreter = [sys.executable, "-c"] if snippet.language == "python" else ["bash", "-euo", "pipefail", "-c"]
    result = subprocess.run(
        [*(["timeout", SOON] if snippet.endless else []), *interpreter, text],
        check=False,
        cwd=folder,
        env=environment(suite),
        capture_output=True,
        text=True,
        timeout=100,
    )
    expected = STOPPED if snippet.endless else snippet.code
    assert result.returncode == expected, f"{snippet.place}\n{text}\n--- printed\n{result.stdout}{result.stderr}"


def pointed_at(platforms: StandIn) -> dict[str, str]:
    """Returns the environment in which a suite calls the stand-in instead of the platforms."""
    return {f"GROUNDSWELL_{name.upper()}": url for name, url in platforms.settings.items()}


def environment(suite: Suite) -> dict[str, str]:
    tools = [str(Path(sys.executable).parent)]
    if found := grpcurl():
        tools.append(str(Path(found).parent))
    return {
        "PATH": os.pathsep.join([*tools, os.environ["PATH"]]),
        "HOME": str(suite.home),
        "GROUNDSWELL_TARGET": suite.target,
        "GROUNDSWELL_DATABASE_URL": suite.database_url,
    }


def grpcurl() -> str | None:
    named = os.environ.get("GRPCURL")
    return named if named and Path(named).exists() else shutil.which("grpcurl")
