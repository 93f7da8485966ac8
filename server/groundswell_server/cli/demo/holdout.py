"""A holdout test in time: train on the older posts, predict the newer ones, compare with the actual rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from groundswell import Client
from groundswell.v1.engagement_pb2 import Post
from groundswell.v1.learning_pb2 import ContentDraft

OLDER_SHARE = 0.7
LOOKBACK_DAYS = 400


@dataclass(frozen=True, slots=True)
class Prediction:
    """A prediction for one post and the actual rate; all in percent."""

    predicted: float
    lower: float
    upper: float
    actual: float
    trailing_mean: float
    """The prediction by the mean of all earlier posts."""
    last_value: float
    """The prediction by the previous post."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Predictions of the newer posts by a model that was trained on the older ones only."""

    trained_on: int
    predictions: Sequence[Prediction]

    @property
    def model_error(self) -> float:
        """Mean absolute error of the model, in percentage points."""
        return fmean(abs(row.predicted - row.actual) for row in self.predictions)

    @property
    def trailing_mean_error(self) -> float:
        """Mean absolute error of the trailing mean, in percentage points."""
        return fmean(abs(row.trailing_mean - row.actual) for row in self.predictions)

    @property
    def last_value_error(self) -> float:
        """Mean absolute error of the last value, in percentage points."""
        return fmean(abs(row.last_value - row.actual) for row in self.predictions)

    @property
    def covered(self) -> int:
        """Number of predictions whose interval contains the actual rate."""
        return sum(row.lower <= row.actual <= row.upper for row in self.predictions)

    @property
    def beats_baselines(self) -> bool:
        """True when the model's error is below the error of both baselines."""
        return self.model_error < min(self.trailing_mean_error, self.last_value_error)


def run_trial(client: Client, posts: Sequence[Post]) -> Trial:
    """Trains on the posts before the newer ones, then predicts each of those.

    `posts` are measured and in the order of publication.
    """
    cut = round(len(posts) * OLDER_SHARE)
    newer = posts[cut:]
    model = client.learning.train_model(
        model_type="ENGAGEMENT_PREDICTOR",
        as_of_time=newer[0].publish_time,
        lookback_days=LOOKBACK_DAYS,
        promotion="NEVER",
    ).result()
    # The model has to be live to predict, even when it turns out to be bad.
    client.learning.promote_model(model_id=model.id, force=True)
    rates = [post.engagement.engagement_rate_pct for post in posts]
    return Trial(
        trained_on=model.sample_count,
        predictions=[_predict(client, post, rates[: cut + index]) for index, post in enumerate(newer)],
    )


def _predict(client: Client, post: Post, earlier_rates: Sequence[float]) -> Prediction:
    draft = ContentDraft(
        persona_id=post.persona_id,
        platform=post.platform,
        media_type=post.media_type,
        category=post.category,
        caption=post.caption,
        hashtags=post.hashtags,
        publish_time=post.publish_time,
    )
    answer = client.learning.predict_engagement(draft=draft)
    return Prediction(
        predicted=answer.engagement_rate_pct,
        lower=answer.interval.lower,
        upper=answer.interval.upper,
        actual=post.engagement.engagement_rate_pct,
        trailing_mean=fmean(earlier_rates),
        last_value=earlier_rates[-1],
    )
