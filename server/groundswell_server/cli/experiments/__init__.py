"""`groundswell experiments`: what is tested, what it says, how that came about, and how long a new test would take."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundswell_server.cli.commands import Commands
from groundswell_server.cli.output import AsJson, console, show, show_message
from groundswell_server.cli.reaching import Reach, as_typed, reaching

if TYPE_CHECKING:
    from groundswell import Analysis
    from groundswell.v1.experiments_pb2 import Experiment
    from groundswell_server.cli.experiments.course import Path as Course

application = Commands(help="See what experiments say, and plan new ones.")


class StateName(StrEnum):
    """Where an experiment is in its life."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ARCHIVED = "archived"


class KindName(StrEnum):
    """What a metric measures of a unit."""

    CONVERSION = "conversion"
    COUNT = "count"
    MEAN = "mean"
    RATIO = "ratio"


ExperimentKey = Annotated[str, typer.Argument(metavar="KEY", help="Key of the experiment.", show_default=False)]


@application.command("list")
@reaching
def list_all(
    reach: Reach,
    state: Annotated[
        StateName | None, typer.Option(help="Only experiments in this state; without it, all but archived ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the experiments of the workspace, newest first."""
    from groundswell_server.cli.experiments.tables import overview

    wanted = f"EXPERIMENT_STATE_{state.name}" if state else None
    with reach() as client:
        rows = [overview(each) for each in client.experiments.list_experiments(state=wanted)]
    show(rows, as_json, empty=f"no experiments are {state}" if state else "no experiments")


@application.command("show")
@reaching
def show_one(
    reach: Reach,
    experiment: ExperimentKey,
    as_json: AsJson = False,
) -> None:
    """Show an experiment: its design, its phases, and how it ended."""
    from groundswell_server.cli.experiments.tables import is_adaptive, metrics, phases, story, variants

    with reach() as client:
        found = client.experiments.get_experiment(experiment_key=experiment).experiment
        chances: Sequence[float] = ()
        if is_adaptive(found) and found.phases and not found.HasField("end_time"):
            chances = client.experiments.analyze_experiment(experiment_key=experiment).choice_probabilities
    if as_json:
        show_message(found, **({"choice_probabilities": list(chances)} if chances else {}))
        return
    for line in story(found):
        console().print(line, markup=False)
    show(variants(found, chances), False, title="variants")
    show(metrics(found), False, title="metrics")
    show(phases(found), False, title="phases", empty="not started yet")


def _drawable(png: Path | None) -> Path | None:
    """Before anything is asked for: a file that can be a chart."""
    if png is not None and png.suffix.lower() != ".png":
        raise typer.BadParameter(f"{png} does not end in .png")
    if png is not None and not png.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {png.parent}")
    return png


@application.command()
@reaching
def analyze(
    reach: Reach,
    experiment: ExperimentKey,
    png: Annotated[
        Path | None,
        typer.Option(
            help="Also draw the intervals over time into this PNG file.", show_default=False, callback=_drawable
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what an experiment says: the verdict, every metric, and the intervals over time."""
    from groundswell_server.cli.experiments import charts, course

    with reach() as client:
        analysis = client.experiments.analyze(experiment, with_history=True)
        found = client.experiments.get_experiment(experiment_key=experiment).experiment
    paths = course.paths(analysis.response)
    if png is not None:
        charts.intervals(paths, experiment, png)
    if as_json:
        show_message(analysis.response)
        return
    _tell(analysis, found, paths)
    if png is not None:
        console().print(f"\nthe chart is in {png}", markup=False, soft_wrap=True)


def _tell(analysis: Analysis, found: Experiment, paths: Sequence[Course]) -> None:
    from groundswell_server.cli.experiments import course, tables

    if found.HasField("end_time"):
        console().print(tables.ending(found), markup=False)
    if not analysis.winner or analysis.winner != found.winner:  # else the end has said so
        console().print(f"{analysis.verdict}: {analysis.explanation}", markup=False)
    if not analysis.response.units:
        console().print("no unit has been counted yet")
        return
    for line in tables.doubts(analysis.response):
        console().print(line, markup=False)
    for metric in analysis.response.metrics:
        show(tables.results(analysis, metric.metric), False, title=tables.heading(metric))
    for path in paths:
        console().print(f"\n{path.title}, over time; | is no difference", style="bold", markup=False)
        for line in course.drawn(path):
            console().print(line, markup=False, soft_wrap=True)


@application.command()
@reaching
def plan(
    reach: Reach,
    baseline: Annotated[float, typer.Option(help="The proportion or mean as it is now.", show_default=False)],
    lift: Annotated[float, typer.Option(help="Relative change that is to be found, such as 0.1.", show_default=False)],
    kind: Annotated[KindName, typer.Option(help="What is measured of a unit.")] = KindName.CONVERSION,
    deviation: Annotated[
        float | None,
        typer.Option("--standard-deviation", "--deviation", help="Of a unit's value; needed but for conversions."),
    ] = None,
    power: Annotated[float, typer.Option(help="Probability with which it is to be found.")] = 0.8,
    confidence: Annotated[float, typer.Option(help="Confidence of the test.")] = 0.95,
    variants: Annotated[int, typer.Option(min=2, max=50, help="Variants, the control among them.")] = 2,
    units_per_day: Annotated[float, typer.Option(help="Units that come by each day, for the duration.")] = 0.0,
    coverage: Annotated[float, typer.Option(help="Share of them that takes part.")] = 1.0,
    correlation: Annotated[
        float, typer.Option(help="Of the metric with what is known of units from before the experiment.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Say how many units an effect takes to be found, and how long that lasts."""
    from groundswell_server.cli.experiments.tables import needs, power_curve

    asked: dict[str, Any] = {
        "baseline": baseline,
        "lift": lift,
        "standard_deviation": deviation,
        "power": power,
        "confidence_level": confidence,
        "units_per_day": units_per_day,
        "coverage": coverage,
        "covariate_correlation": correlation,
    }
    with as_typed({name: _typed(name, value) for name, value in asked.items()}), reach() as client:
        found = client.experiments.plan_experiment(kind=f"METRIC_KIND_{kind.name}", variant_count=variants, **asked)
    if as_json:
        show_message(found)
        return
    for line in needs(found, lift, power, units_per_day):
        console().print(line, markup=False)
    show(power_curve(found), False, title=f"power of {found.units_per_variant:,} units a variant")


def _typed(field: str, value: float | None) -> str:
    """The option that a field of the contract is given by, as it was typed."""
    name = {"confidence_level": "confidence", "covariate_correlation": "correlation"}.get(field, field)
    option = f"--{name.replace('_', '-')}"
    return option if value is None else f"{option} {value:g}"
