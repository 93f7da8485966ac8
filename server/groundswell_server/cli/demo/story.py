"""The texts and tables of the demonstration. Every figure is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from groundswell.cli.messages import word
from groundswell.cli.output import console
from groundswell.v1 import learning_pb2
from groundswell_server.cli.demo.narration import bar, runnable, say, step, table_of

if TYPE_CHECKING:
    from groundswell.v1.engagement_pb2 import Post
    from groundswell.v1.learning_pb2 import (
        ContentDraft,
        ContentScore,
        FeatureImportance,
        Model,
        OptimizeContentResponse,
        PredictTimingResponse,
    )
    from groundswell_server.cli.demo.holdout import Trial
    from groundswell_server.cli.post_import import ImportReport

SHOWN_FEATURES = 8
SHOWN_HOURS = 6


def opening() -> None:
    """Prints the introduction."""
    console().print("\n[bold]Groundswell[/]: track posts, filter bots, learn what works, and know how certain that is.")
    console().print(
        "[dim]A real server with a worker, an embedded database and the SDK. All figures are computed now.[/]"
    )


def imported(report: ImportReport) -> None:
    """Prints the result of an import."""
    say(f"{report.imported} posts imported, {report.duplicates} existed already, {report.refused} refused")
    say("[dim]Assumptions where the data has gaps:[/]")
    for assumption in report.assumptions:
        say(f"[dim]{assumption}[/]", 4)


def trial(trial: Trial) -> None:
    """Prints how the model predicted posts that it had not seen."""
    count = len(trial.predictions)
    say(f"Mean error over the {count} newer posts, in points of engagement rate:")
    table = Table(box=None, show_header=False)
    rows = [
        ("the model", trial.model_error),
        ("mean of all earlier posts", trial.trailing_mean_error),
        ("value of the previous post", trial.last_value_error),
    ]
    worst = max(error for _, error in rows)
    for name, error in rows:
        table.add_row(name, f"{error:.2f}", bar(error / worst))
    console().print(table)
    if trial.beats_baselines:
        gain = 1 - trial.model_error / min(trial.trailing_mean_error, trial.last_value_error)
        say(f"Trained on {trial.trained_on} posts, the model has {gain:.0%} less error than the better baseline.")
    else:
        say(f"[yellow]Trained on {trial.trained_on} posts, the model does not beat both baselines.[/]")
    say(f"Its 95% intervals contain the actual rate for {trial.covered} of {count} posts, {trial.covered / count:.1%}.")


def models(models: Sequence[Model]) -> None:
    """Prints the trained models and their stages."""
    for model in models:
        name = learning_pb2.ModelType.Name(model.model_type).removeprefix("MODEL_TYPE_")
        is_live = model.stage == learning_pb2.MODEL_STAGE_LIVE
        became = "it is [bold]live[/]" if is_live else "it stays a [bold]candidate[/]"
        say(f"{name} version {model.version}, from {model.sample_count} posts: {became}.")
        for note in model.notes:
            say(f"[dim]{note}[/]", 4)
    say(
        "[dim]mae: mean absolute error, in points of engagement rate. brier: mean squared error of the probability. "
        "Lower is better.[/]"
    )


def importance(features: Sequence[FeatureImportance]) -> None:
    """Prints the most important features."""
    say("Permutation importance: the error added when a feature is shuffled, with its 95% interval:")
    table = table_of("feature", "points", "")
    top = max(features[0].permutation.value, 1e-9)
    shown = [row for row in features if row.permutation.interval.lower > 0][:SHOWN_FEATURES]
    for row in shown:
        value = row.permutation
        figures = f"{value.value:.3f} ({value.interval.lower:.3f} to {value.interval.upper:.3f})"
        table.add_row(row.feature.replace("_", " "), figures, bar(value.value / top))
    console().print(table)
    say(f"[dim]The other {len(features) - len(shown)} features have no effect, or are not in this data.[/]")


def hours(timing: PredictTimingResponse) -> None:
    """Prints the best hours."""
    table = table_of("hour", "expected rate, 95% interval", "posts", "")
    top = max(slot.engagement_rate_pct.value for slot in timing.best_hours)
    for slot in timing.best_hours[:SHOWN_HOURS]:
        rate = slot.engagement_rate_pct
        figures = f"{rate.value:.2f}% ({rate.interval.lower:.2f} to {rate.interval.upper:.2f})"
        table.add_row(f"{slot.hour:02d}:00", figures, str(rate.sample_size), bar(rate.value / top))
    console().print(table)
    for note in timing.notes:
        say(f"[dim]{note}[/]")


def advice(draft: ContentDraft, answer: OptimizeContentResponse) -> None:
    """Prints a draft with its score, the recommendations, and the score after them."""
    say(f'Draft: a link post, "{draft.caption}"')
    say(f"Score now: {_score(answer.score)}")
    for row in answer.recommendations:
        priority = word(learning_pb2.Priority, row.priority)
        say(f"[bold]{priority}[/]: {row.advice}", 4)
    if answer.path:
        changes = ", ".join(f"{row.element.replace('_', ' ')} {row.suggested_value}" for row in answer.path)
        say(f"After these changes in turn ({changes}): {_score(answer.optimized_score)}")


def unknowns(posts: Sequence[Post]) -> None:
    """Prints the limits of the data."""
    step("Limits", "of this data, and of what can be concluded from it")
    count = len(posts)
    without = {
        "caption": sum(not post.caption for post in posts),
        "hashtags": sum(not post.hashtags for post in posts),
        "record of their generation": sum(not post.context_id for post in posts),
    }
    for what, missing in without.items():
        if missing:
            say(f"{missing} of {count} posts have no {what}.")
    if not any(post.engagement.bots_filtered or post.engagement.personas_filtered for post in posts):
        say("No individual interactions were imported, so bots can't be detected: all counts are treated as genuine.")
    personas = len({post.persona_id for post in posts})
    say(f"All posts are from {personas} persona, one year and one industry, and may not generalize.")
    say("These are associations, not causes: a good hour may be good for another reason.")


def going_on(charts: Path, database: str) -> None:
    """Prints how to continue."""
    program = "from groundswell import Client; print(*(row.id for row in Client().learning.list_models()))"
    step("Go on", f"the posts and models remain in the database; charts are in {charts}/")
    for command in (
        f"{runnable('groundswell')} serve --database {database}",
        "grpcurl -plaintext localhost:50051 list",
        "grpcurl -plaintext localhost:50051 groundswell.v1.LearningService/ListModels",
        f'{runnable("python")} -c "{program}"',
    ):
        # Not wrapped, so that it can be copied.
        console().print(f"  {command}", markup=False, soft_wrap=True)
    say("Start reading with README.md; `make docs` builds the documentation.\n")


def _score(score: ContentScore) -> str:
    tier = word(learning_pb2.ScoreTier, score.tier).replace("_", " ")
    level = word(learning_pb2.ConfidenceLevel, score.confidence)
    parts = f"[bold]{score.score:.0f}[/] of 100, {tier}, confidence {level}"
    if score.HasField("engagement_rate_pct"):
        interval = score.engagement_interval
        parts += f"; expected rate {score.engagement_rate_pct:.1f}% ({interval.lower:.1f} to {interval.upper:.1f})"
    return parts
