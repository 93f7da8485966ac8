"""`groundswell report` and `groundswell plan`: sentences, tables, and the intervals of an experiment as a drawing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from matplotlib.image import imread

from groundswell_server.cli.experiments import charts, interval_history
from groundswell_server.cli.experiments.interval_history import MAX_LINES, WIDTH, IntervalHistory, Point
from groundswell_server.experiments.design.design import Variant
from groundswell_server.experiments.interim_analysis.scheduled_analyses import run_due_analyses
from groundswell_server.experiments.lifecycle import create_experiment
from groundswell_storage.database import connect
from groundswell_storage.experiments.enums import ExperimentKind
from tests.cli.shell import Shell
from tests.experiments.counted import DESIGN, count, start
from tests.running import RunningServer

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with an experiment that was looked at ten times, one that ended by itself, and a draft."""
    url = f"sqlite:///{tmp_path_factory.mktemp('experiments') / 'groundswell.db'}"
    database = connect(url)
    database.migrate()
    with database.scope("default", now=BEGAN) as scope:
        create_experiment(scope, "draft", DESIGN)
        ended = start(scope, "ended")
        count(scope, ended, {"old": (100, 1_000), "new": (170, 1_000)})
        variants = (Variant("old", is_control=True), Variant("question"), Variant("emoji"))
        start(scope, "fresh")
        bandit = start(scope, "bandit", kind=ExperimentKind.BANDIT, auto_complete=False)
        count(scope, bandit, {"old": (100, 1_000), "new": (170, 1_000)})
        hooks = start(scope, "hooks", auto_complete=False, variants=variants, hypothesis="Questions draw more")
    for number in range(1, 11):
        moment = BEGAN + timedelta(minutes=16 * number)
        with database.scope("default", now=moment) as scope:
            count(scope, hooks, {"old": (100, 1_000), "question": (130, 1_000), "emoji": (100, 1_000)})
        run_due_analyses(database, moment)
    database.close()
    with RunningServer(url) as server:
        yield server


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell of 80 columns, which reaches the suite by its calls alone."""
    monkeypatch.setenv("COLUMNS", "80")
    return Shell(tmp_path, f"sqlite:///{tmp_path / 'none.db'}")


def said(shell: Shell, suite: RunningServer, *arguments: str) -> str:
    done = shell.run(*arguments, GROUNDSWELL_TARGET=suite.target)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    return done.stdout


def test_an_analysis_has_the_verdict_the_figures_and_the_course(shell: Shell, suite: RunningServer) -> None:
    read = said(shell, suite, "report", "hooks")
    assert " ".join(read.split()).startswith("WINNER: question beats old by 30.0%")
    assert "30,000 units, distributed as planned" in read
    assert "question against the control on conversion_rate" in read
    assert "emoji against the control on conversion_rate" in read
    lines = [line for line in read.splitlines() if line.startswith("2026-03-01")]
    assert [line.split()[2] for line in lines[:3]] == ["3,000", "6,000", "9,000"]
    assert all("●" in line for line in lines)


def test_an_analysis_says_how_the_experiment_ended_and_that_nothing_was_counted(
    shell: Shell, suite: RunningServer
) -> None:
    ended = " ".join(said(shell, suite, "report", "ended").split())
    assert ended.startswith("ended 2026-03-01 12:16, new won: Completed automatically")
    assert "WINNER:" not in ended
    fresh = said(shell, suite, "report", "fresh")
    assert "no unit has been counted yet" in fresh
    assert "●" not in fresh


def test_a_chart_is_saved_and_programs_get_the_history(shell: Shell, suite: RunningServer) -> None:
    done = shell.run("report", "hooks", "--png", "hooks.png", "-o", "json", GROUNDSWELL_TARGET=suite.target)
    assert done.returncode == 0, done.stderr
    assert (shell.home / "hooks.png").read_bytes().startswith(b"\x89PNG")
    told = json.loads(done.stdout)
    assert told["decision"]["winner"] == "question"
    assert len(told["history"]) == 10
    widths = [
        look["comparisons"][0]["interval"]["upper"] - look["comparisons"][0]["interval"]["lower"]
        for look in told["history"]
    ]
    assert widths == sorted(widths, reverse=True)


def test_a_plan_is_that_of_the_service(shell: Shell, suite: RunningServer) -> None:
    arguments = ("plan", "--baseline", "0.1", "--lift", "0.3", "--units-per-day", "1000")
    assert "1,769 units per variant, 3,538 in total" in said(shell, suite, *arguments)
    assert "3.5 days to the planned size, at 1,000 units a day" in said(shell, suite, *arguments)
    told = shell.json(*arguments, GROUNDSWELL_TARGET=suite.target)
    assert told["units_per_variant"] == 1769
    small = ("plan", "--kind", "mean", "--standard-deviation", "4", "--baseline", "3", "--lift", "0.01")
    curve = [line.split()[0] for line in said(shell, suite, *small).splitlines() if line.startswith("+")]
    assert curve == ["+0.25%", "+0.5%", "+0.75%", "+1%", "+1.25%", "+1.5%", "+2%"]


def test_what_goes_wrong_is_said_in_a_line_with_its_cure(shell: Shell, suite: RunningServer) -> None:
    target = {"GROUNDSWELL_TARGET": suite.target}
    assert "groundswell experiments list" in shell.complaint("report", "nothing", code=3, **target)
    assert "start it first" in shell.complaint("report", "draft", **target)
    wanting = ("plan", "--kind", "mean", "--baseline", "9", "--lift", "0.1")
    assert "--standard-deviation: is required" in shell.complaint(*wanting, code=2, **target)
    percent = ("plan", "--baseline", "10", "--lift", "0.1", "--power", "0.9")
    assert "--baseline: must be below 1" in shell.complaint(*percent, code=2, **target)
    for file, wrong in (("hooks.jpg", "does not end in .png"), ("nowhere/hooks.png", "there is no folder nowhere")):
        done = shell.run("report", "hooks", "--png", file, **target)
        assert done.returncode == 2
        assert wrong in " ".join(done.stderr.split())


def path_of(*points: tuple[float, float | None, float | None]) -> IntervalHistory:
    found = [Point(BEGAN + timedelta(minutes=number), 10 * number, *one) for number, one in enumerate(points)]
    return IntervalHistory("new", "conversion_rate", found)


def bars(path: IntervalHistory) -> list[str]:
    return [line[29:].ljust(WIDTH)[:WIDTH] for line in interval_history.drawn(path)]


def test_an_interval_is_drawn_to_the_scale_of_the_last() -> None:
    """The last is 0.1 to 0.3 with 0: shown from -0.15 to 0.45, so that a cell of 41 is 0.015."""
    nothing, wide, last = bars(path_of((0.2, None, None), (0.1, -0.9, 0.24), (0.2, 0.1, 0.3)))
    assert (nothing.index("|"), nothing.index("●")) == (10, 23)
    assert wide[0] == "◂"
    assert wide[10] == "┼"
    assert (wide.index("●"), wide.index("┤")) == (17, 26)
    assert (last.index("|"), last.index("├"), last.index("●"), last.index("┤")) == (10, 17, 23, 30)


def test_many_looks_are_drawn_evenly_and_the_last_always() -> None:
    lines = list(interval_history.drawn(path_of(*[(0.1, 0.0, 0.2)] * 100)))
    units = [int(line[16:28].replace(",", "")) for line in lines]
    assert len(lines) == MAX_LINES
    assert (units[0], units[-1]) == (0, 990)
    steps = {after - before for before, after in pairwise(units)}
    assert steps <= {60, 70}


@pytest.mark.parametrize("point", [(0.0, None, None), (0.0, 0.0, 0.0), (0.0, -1.0, 1.0), (-3.0, -5.0, -1.0)])
def test_whatever_is_known_can_be_drawn(point: tuple[float, float | None, float | None]) -> None:
    assert [len(bar) for bar in bars(path_of(point))] == [WIDTH]
    assert bars(path_of((1e9, -1e12, 1e12), (-1e9, -2e9, -1e8), point))


def test_a_single_look_shows_its_interval_in_a_chart(tmp_path: Path) -> None:
    """0.1 to 0.3 is a third of what is shown, and there is nothing beside it that an area could reach to."""
    charts.intervals([path_of((0.2, 0.1, 0.3))], "hooks", tmp_path / "hooks.png")
    image = imread(tmp_path / "hooks.png")
    coloured = (image[..., 2] - image[..., 0] > 0.1).sum(axis=0)  # by column: the bar is blue
    assert coloured.max() > image.shape[0] / 5
