"""The demonstration of the loop from import to better content, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn

from groundswell import Client
from groundswell.cli.output import console
from groundswell.v1.common_pb2 import MEDIA_TYPE_LINK
from groundswell.v1.engagement_pb2 import Post
from groundswell.v1.learning_pb2 import ContentDraft, Model
from groundswell_server.cli.demo import charts as pictures
from groundswell_server.cli.demo import story
from groundswell_server.cli.demo.holdout import LOOKBACK_DAYS, run_trial
from groundswell_server.cli.demo.narration import step
from groundswell_server.cli.demo.suite import running_suite
from groundswell_server.cli.post_import import import_file
from groundswell_server.settings import data_folder

PERSONA = "cosmetics page"
PLATFORM = "FACEBOOK"
TARGET_SCORE = 80.0


def run_loop(charts: Path, database: str | None) -> None:
    """Runs all steps on `database`, by default the demonstration's own, and saves the charts."""
    charts.mkdir(parents=True, exist_ok=True)
    database = database or f"sqlite:///{data_folder() / 'demo.db'}"
    story.opening()
    with running_suite(database) as client:
        posts = _import(client)
        _learn(client, posts, charts)
        _advise(client, posts, charts)
        story.unknowns(posts)
    story.going_on(charts, database)


def _import(client: Client) -> list[Post]:
    step("Import", "500 posts of a cosmetics page on Facebook in 2014, with their counts")
    with as_file(files(__package__) / "data" / "facebook_metrics.csv") as source:
        report = import_file(client, source)
    story.imported(report)
    persona = next(row for row in client.engagement.list_personas() if row.name == PERSONA)
    rows = client.engagement.list_posts(persona_id=persona.id, platform=PLATFORM, page_size=1000)
    measured = [post for post in rows if post.engagement.HasField("engagement_rate_pct")]
    measured.sort(key=lambda post: post.publish_time.ToDatetime())
    return measured


def _learn(client: Client, posts: Sequence[Post], charts: Path) -> None:
    step("Learn", "train on the older 70% of the posts, predict the newer 30%, and compare")
    trial = run_trial(client, posts)
    story.trial(trial)
    pictures.predictions(trial, charts / "predictions.png")

    step("Train for service", "on all posts: the expected engagement, and the probability of success")
    models = [_train(client, model_type, posts) for model_type in ("ENGAGEMENT_PREDICTOR", "SUCCESS_CLASSIFIER")]
    story.models(models)
    importance = client.learning.get_feature_importance(model_id=models[0].id).features
    story.importance(importance)
    pictures.importance(importance, charts / "importance.png")


def _train(client: Client, model_type: str, posts: Sequence[Post]) -> Model:
    operation = client.learning.train_model(
        model_type=model_type, as_of_time=_after(posts), lookback_days=LOOKBACK_DAYS, promotion="IF_BETTER"
    )
    with _progress() as progress:
        task = progress.add_task(model_type, total=100)

        def report(pct: float, message: str) -> None:
            progress.update(task, completed=pct, description=f"{model_type}: {message}")

        model = operation.result(progress=report)
        report(100, "trained")
        return model


def _advise(client: Client, posts: Sequence[Post], charts: Path) -> None:
    step("Best hours", "mean rate by hour, shrunk where there are few posts, with 95% intervals")
    persona_id = posts[-1].persona_id
    timing = client.learning.predict_timing(
        persona_id=persona_id, platform=PLATFORM, as_of_time=_after(posts), lookback_days=LOOKBACK_DAYS, top_k=24
    )
    story.hours(timing)
    pictures.hours(timing, charts / "hours.png")

    step("Improve a draft", "scored, changed as recommended, and scored again before it is posted")
    draft = ContentDraft(
        persona_id=persona_id,
        platform=posts[-1].platform,
        media_type=MEDIA_TYPE_LINK,
        category=posts[-1].category,
        caption="New colours are in.",
        publish_time=posts[-1].publish_time,
    )
    story.advice(draft, client.learning.optimize_content(draft=draft, target_score=TARGET_SCORE))


def _after(posts: Sequence[Post]) -> datetime:
    """Returns a time at which the last post has been measured."""
    return posts[-1].publish_time.ToDatetime(tzinfo=UTC) + timedelta(days=31)


@contextmanager
def _progress() -> Iterator[Progress]:
    with Progress(TextColumn("  {task.description:<52}"), BarColumn(bar_width=24), console=console()) as progress:
        yield progress
