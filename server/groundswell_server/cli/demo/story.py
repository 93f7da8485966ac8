"""What the demonstration says: plain words, small tables, bars made of characters. Every figure is computed."""

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
    from groundswell_server.cli.demo.trial import Trial
    from groundswell_server.cli.post_import import ImportReport

SHOWN_FEATURES = 8
SHOWN_HOURS = 6


def opening() -> None:
    """The first lines."""
    console().print("\n[bold]Groundswell[/]: what was posted, who really cared, what works, and how sure that is.")
    console().print("[dim]A real server with its worker, an embedded database, and the SDK; nothing is canned.[/]")


def imported(report: ImportReport) -> None:
    """What an import did."""
    say(f"{report.imported} posts imported, {report.duplicates} were there already, {report.refused} refused")
    say("[dim]Filled in where the data say nothing:[/]")
    for assumption in report.assumptions:
        say(f"[dim]{assumption}[/]", 4)


def trial(trial: Trial) -> None:
    """How the model did on posts it had not seen."""
    count = len(trial.predictions)
    say(f"Mean error over the {count} newer posts, in points of engagement rate:")
    table = Table(box=None, show_header=False)
    rows = [
        ("the model", trial.model_error),
        ("mean of all posts before", trial.trailing_mean_error),
        ("same as the post before", trial.last_value_error),
    ]
    worst = max(error for _, error in rows)
    for name, error in rows:
        table.add_row(name, f"{error:.2f}", bar(error / worst))
    console().print(table)
    if trial.beats_baselines:
        gain = 1 - trial.model_error / min(trial.trailing_mean_error, trial.last_value_error)
        say(f"Trained on {trial.trained_on} posts, the model errs {gain:.0%} less than the better baseline.")
    else:
        say(f"[yellow]Trained on {trial.trained_on} posts, the model does not beat both baselines.[/]")
    say(f"Its 95% intervals held what came for {trial.covered} of {count} posts, {trial.covered / count:.1%}.")


def models(models: Sequence[Model]) -> None:
    """What was trained, and whether it went live."""
    for model in models:
        name = learning_pb2.ModelType.Name(model.model_type).removeprefix("MODEL_TYPE_")
        is_live = model.stage == learning_pb2.MODEL_STAGE_LIVE
        became = "it is [bold]live[/]" if is_live else "it stays a [bold]candidate[/]"
        say(f"{name} version {model.version}, from {model.sample_count} posts: {became}.")
        for note in model.notes:
            say(f"[dim]{note}[/]", 4)
    say(
        "[dim]mae: mean absolute error, in points of engagement rate. brier: mean squared error of the odds. "
        "The less, the better.[/]"
    )


def importance(features: Sequence[FeatureImportance]) -> None:
    """What the model goes by."""
    say("What it goes by (error that is added when a feature is shuffled, with its 95% interval):")
    table = table_of("feature", "points", "")
    top = max(features[0].permutation.value, 1e-9)
    telling = [row for row in features if row.permutation.interval.lower > 0][:SHOWN_FEATURES]
    for row in telling:
        value = row.permutation
        figures = f"{value.value:.3f} ({value.interval.lower:.3f} to {value.interval.upper:.3f})"
        table.add_row(row.feature.replace("_", " "), figures, bar(value.value / top))
    console().print(table)
    say(f"[dim]The other {len(features) - len(telling)} features tell it nothing, or are not in these data.[/]")


def hours(timing: PredictTimingResponse) -> None:
    """When posts do best."""
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
    """A draft, its score, what would help, and its score then."""
    say(f'Draft: a link post, "{draft.caption}"')
    say(f"Score now: {_score(answer.score)}")
    for row in answer.recommendations:
        priority = word(learning_pb2.Priority, row.priority)
        say(f"[bold]{priority}[/]: {row.advice}", 4)
    if answer.path:
        changes = ", ".join(f"{row.element.replace('_', ' ')} {row.suggested_value}" for row in answer.path)
        say(f"One change upon the other ({changes}): {_score(answer.optimized_score)}")


def unknowns(posts: Sequence[Post]) -> None:
    """What these data can't tell."""
    step("What it does not know", "so that nobody takes it for more than it is")
    count = len(posts)
    without = {
        "a caption": sum(not post.caption for post in posts),
        "hashtags": sum(not post.hashtags for post in posts),
        "a record of how it was generated": sum(not post.context_id for post in posts),
    }
    for what, missing in without.items():
        if missing:
            say(f"{missing} of {count} posts come without {what}.")
    if not any(post.engagement.bots_filtered or post.engagement.personas_filtered for post in posts):
        say("No single interactions were imported, so no bots could be told: all counts are taken as genuine.")
    personas = len({post.persona_id for post in posts})
    say(f"All posts are of {personas} persona, of one year, in one trade: nothing here is about others.")
    say("The odds are of association: that an hour did well is not proof that it was the hour.")


def going_on(charts: Path, database: str) -> None:
    """Where to go from here."""
    program = "from groundswell import Client; print(*(row.id for row in Client().learning.list_models()))"
    step("Go on", f"the posts and models stay in the database; charts are in {charts}/")
    for command in (
        f"{runnable('groundswell')} serve --database {database}",
        "grpcurl -plaintext localhost:50051 list",
        "grpcurl -plaintext localhost:50051 groundswell.v1.LearningService/ListModels",
        f'{runnable("python")} -c "{program}"',
    ):
        # Unbroken, so that it can be copied.
        console().print(f"  {command}", markup=False, soft_wrap=True)
    say("README.md is the way in; `make docs` builds the rest.\n")


def _score(score: ContentScore) -> str:
    tier = word(learning_pb2.ScoreTier, score.tier).replace("_", " ")
    level = word(learning_pb2.ConfidenceLevel, score.confidence)
    parts = f"[bold]{score.score:.0f}[/] of 100, {tier}, confidence {level}"
    if score.HasField("engagement_rate_pct"):
        interval = score.engagement_interval
        parts += f"; expected rate {score.engagement_rate_pct:.1f}% ({interval.lower:.1f} to {interval.upper:.1f})"
    return parts
