"""`groundswell report` and `groundswell plan`: the result of an experiment, and the size that a new one needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundswell.cli import contract, output
from groundswell.cli.call_command import CallCommand
from groundswell.cli.connection import connect, with_connection
from groundswell.cli.output import console, show
from groundswell_server.cli.commands import command, output_option

if TYPE_CHECKING:
    from groundswell import Analysis
    from groundswell.v1.experiments_pb2 import Experiment
    from groundswell_server.cli.experiments.interval_history import IntervalHistory


def _drawable(context: click.Context, parameter: click.Parameter, png: Path | None) -> Path | None:
    """Refuses a file that can't be a chart before any call is sent."""
    if png is not None and png.suffix.lower() != ".png":
        raise click.BadParameter(f"{png} does not end in .png")
    if png is not None and not png.parent.is_dir():
        raise click.BadParameter(f"there is no folder {png.parent}")
    return png


@command("report")
@click.argument("experiment", metavar="KEY", help="Key of the experiment.")
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_drawable,
    help="Also draw the intervals over time into this file.",
)
@output_option
@with_connection
def report(experiment: str, png: Path | None, as_json: bool, **connection: Any) -> None:
    """Report on an experiment: the decision, every metric, and how the intervals narrowed over time."""
    from groundswell_server.cli.experiments import charts, interval_history

    with connect(connection) as client:
        analysis = client.experiments.analyze(experiment, with_history=True)
        found = client.experiments.get_experiment(experiment_key=experiment).experiment
    histories = interval_history.histories(analysis.response)
    if png is not None:
        charts.intervals(histories, experiment, png)
    if as_json:
        output.show_message(analysis.response, "json")
        return
    _print_report(analysis, found, histories)
    if png is not None:
        console().print(f"\nthe chart is in {png}", markup=False, soft_wrap=True)


def _print_report(analysis: Analysis, found: Experiment, histories: Sequence[IntervalHistory]) -> None:
    from groundswell_server.cli.experiments import interval_history, tables

    if found.HasField("end_time"):
        console().print(tables.ending(found), markup=False)
    if not analysis.winner or analysis.winner != found.winner:  # else the line above has the winner
        console().print(f"{analysis.verdict}: {analysis.explanation}", markup=False)
    if not analysis.response.units:
        console().print("no unit has been counted yet")
        return
    for line in tables.qualifications(analysis.response):
        console().print(line, markup=False)
    for metric in analysis.response.metrics:
        show(tables.results(analysis, metric.metric), title=tables.heading(metric))
    for history in histories:
        console().print(f"\n{history.title}, over time; | is no difference", style="bold", markup=False)
        for line in interval_history.drawn(history):
            console().print(line, markup=False, soft_wrap=True)


class _Plan(CallCommand):
    """The call PlanExperiment with its answer in words and a power curve."""

    def __init__(self) -> None:
        super().__init__(contract.commands()["experiments"]["plan"])

    def prepare(self, request: Any) -> None:
        """Plans for a conversion rate unless another kind of metric is given."""
        from groundswell.v1.experiments_pb2 import METRIC_KIND_CONVERSION

        request.kind = request.kind or METRIC_KIND_CONVERSION

    def show(self, request: Any, response: Any, form: str, columns: Sequence[str]) -> None:
        """Prints sentences and the curve for people."""
        if form != "table":
            super().show(request, response, form, columns)
            return
        from groundswell_server.cli.experiments.tables import power_curve, sample_sizes

        for line in sample_sizes(request, response):
            console().print(line, markup=False)
        show(power_curve(response), title=f"power of {response.units_per_variant:,} units a variant")


plan = _Plan()
