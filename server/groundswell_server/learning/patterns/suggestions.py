"""Suggestions for improvement in six areas, each with the evidence that it rests on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from groundswell_server.learning.enums import Association, PatternType, Priority
from groundswell_server.learning.estimates import Estimate, share_estimate
from groundswell_server.learning.patterns.analysis import ContentPattern, analyze
from groundswell_server.learning.patterns.associations import DISCOVERY_RATE, associate, percent
from groundswell_server.learning.patterns.descriptions import format_probability
from groundswell_server.learning.patterns.failures import Failures, find_failures
from groundswell_server.learning.patterns.hashtags import HashtagEffect, effective_hashtags
from groundswell_server.learning.patterns.residuals import cells, log_rates, residuals
from groundswell_server.learning.patterns.sample import Sample, sample_of
from groundswell_server.learning.patterns.traits import post_traits, posts_with
from groundswell_server.learning.timing.time_slots import MIN_POSTS, TimedRates, estimate_timing
from groundswell_storage.engagement.enums import Platform
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord
from groundswell_storage.errors import FailedPrecondition

MAX_SUGGESTIONS = 10
_MIN_POSTS_WITH_TRAIT = 10
_COMMON = 0.8
"""The share of posts with a trait above which suggesting it is pointless."""
_RARE = 0.05
"""The share of posts below which avoiding a trait is pointless, and of contexts below which a failure is ignored."""
_MAX_PER_AREA = 3
_MIN_PROBABILITY = 0.9
_LARGE_PCT, _MEDIUM_PCT = 25.0, 10.0
_HIGH_BOT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Evidence:
    """A measurement that a suggestion rests on. The fields are those of the contract."""

    name: str
    estimate: Estimate
    unit: str
    """%, posts, contexts, share or probability."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion for improvement. The fields are those of the contract."""

    area: str
    """content, hashtags, timing, failures or bots."""
    advice: str
    priority: Priority
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The answer to SuggestImprovements."""

    suggestions: tuple[Suggestion, ...]
    """The most important first."""
    notes: tuple[str, ...]


Weighted = tuple[float, Suggestion]
"""A suggestion with the size of its effect in percent of engagement, contexts or interactions, to sort by."""


def suggest(records: Sequence[PostRecord], contexts: Iterable[ContextRecord], max_suggestions: int = 0) -> Suggestions:
    """Returns the most important suggestions that the data support, at most `max_suggestions`.

    0 means `MAX_SUGGESTIONS`.
    """
    sample = sample_of(records)
    areas: Sequence[tuple[str, Callable[[], Iterator[Weighted]]]] = (
        ("content", lambda: content_suggestions(sample)),
        ("traits", lambda: trait_suggestions(sample)),
        ("hashtags", lambda: hashtag_suggestions(sample)),
        ("hours", lambda: timing_suggestions(sample)),
        ("failures", lambda: failure_suggestions(find_failures(contexts))),
        ("bots", lambda: bot_suggestions(records)),
    )
    found: list[Weighted] = []
    notes = ["Suggestions rest on association, not cause. Try each one and check its effect."]
    for area, make in areas:
        try:
            found += make()
        except FailedPrecondition as error:
            notes.append(f"There are no suggestions about {area}: {error.message}.")
    found.sort(key=lambda one: (-one[1].priority, -one[0], one[1].advice))
    if not found:
        notes.append("The data support no suggestion.")
    return Suggestions(tuple(one for _, one in found[: max_suggestions or MAX_SUGGESTIONS]), tuple(notes))


def content_suggestions(sample: Sample) -> Iterator[Weighted]:
    """Yields the best and the worst cluster of posts; raises FailedPrecondition under 50 posts."""
    found = analyze(sample)
    for pattern in (*found.winning_patterns[:1], *found.losing_patterns[:1]):
        yield _from_pattern(pattern)


def trait_suggestions(sample: Sample) -> Iterator[Weighted]:
    """Yields the single traits whose engagement differs beyond persona and platform, the largest effects first."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, (post, local) in enumerate(zip(sample.posts, sample.local, strict=True)):
        for trait in post_traits(post, local):
            places[trait].append(place)
    names = sorted(places)
    left = residuals(log_rates(sample.rates.tolist()), cells(sample.accounts), np.zeros((len(sample), 0)))
    found = associate(left, [np.array(places[name], dtype=np.intp) for name in names], min_posts=_MIN_POSTS_WITH_TRAIT)
    for row in np.argsort(-np.abs(found.effects)).tolist():
        share = found.inside[row] / len(sample)
        more = found.effects[row] > 0
        if found.adjusted[row] > DISCOVERY_RATE or (share > _COMMON if more else share < _RARE):
            continue
        value, lower, upper = (percent(end[row]) for end in (found.effects, found.lower, found.upper))
        lift = Estimate.of(value, lower, upper, int(found.inside[row]))
        posts = posts_with(names[found.tested[row]])
        yield (
            abs(lift.value),
            Suggestion(
                "content",
                f"Make {'more' if more else 'fewer'} {posts}: they do {_better(lift)} than the other posts of the same "
                f"persona and platform. They are {share:.0%} of all posts.",
                _priority(abs(lift.value)),
                (
                    Evidence(f"engagement of {posts}", lift, "%"),
                    Evidence(posts, Estimate(share, None, len(sample)), "share"),
                ),
            ),
        )


def hashtag_suggestions(sample: Sample) -> Iterator[Weighted]:
    """Yields the hashtags with higher and with lower engagement; raises FailedPrecondition under 10 posts."""
    found = effective_hashtags(sample).hashtags
    higher = [one for one in found if one.association == Association.HIGHER][:_MAX_PER_AREA]
    lower = [one for one in reversed(found) if one.association == Association.LOWER][:_MAX_PER_AREA]
    for order, effects in (("Use", higher), ("Leave out", lower)):
        if effects:
            lifts = [(_tags(one), one.effect_pct) for one in effects]
            listed = ", ".join(f"{tags} ({_better(lift)}, {lift.sample_size} posts)" for tags, lift in lifts)
            first = lifts[0][1]
            evidence = tuple(Evidence(f"engagement of posts with {tags}", lift, "%") for tags, lift in lifts)
            yield abs(first.value), Suggestion("hashtags", f"{order} {listed}.", _priority(abs(first.value)), evidence)


def timing_suggestions(sample: Sample) -> Iterator[Weighted]:
    """Yields the best hour of each platform that has enough posts, if it is clearly better and rarely used."""
    for platform, count in Counter(post.platform for post in sample.posts).most_common():
        if count < MIN_POSTS:
            continue
        places = [place for place, post in enumerate(sample.posts) if post.platform == platform]
        rates = TimedRates.of(
            times=[sample.posts[place].publish_time for place in places],
            time_zones=[sample.posts[place].time_zone for place in places],
            rates=sample.rates[places].tolist(),
            personas=[sample.posts[place].persona_id for place in places],
        )
        timing = estimate_timing(rates)
        best = timing.hours[0]
        used = best.engagement_rate_pct.sample_size / len(rates)
        if best.probability_above_average < _MIN_PROBABILITY or used > 1.0 - _COMMON or not timing.mean.value:
            continue
        rate, mean = best.engagement_rate_pct, timing.mean
        better = format_probability(best.probability_above_average)
        gain = 100.0 * (rate.value / mean.value - 1.0)
        yield (
            gain,
            Suggestion(
                "timing",
                f"Publish more around {best.hour:02d}:00 on {Platform(platform).name.lower()}: the rate is "
                f"{rate.value:.2f}% against {mean.value:.2f}% on average, and only {used:.0%} of the posts are "
                f"published then. The probability that this hour is better is {better}.",
                Priority.MEDIUM if gain >= _MEDIUM_PCT else Priority.LOW,
                (Evidence(f"rate at {best.hour:02d}:00", rate, "%"), Evidence("mean rate", mean, "%")),
            ),
        )


def failure_suggestions(failures: Failures) -> Iterator[Weighted]:
    """Yields the most frequent failures that are not rare."""
    frequent = (one for one in failures.patterns if one.frequency.value >= _RARE)
    for one in islice(frequent, _MAX_PER_AREA):
        share = 100.0 * one.frequency.value
        yield (
            share,
            Suggestion(
                "failures",
                f"{one.count} of {failures.context_count} contexts ({share:.0f}%) ended in {one.type}. "
                f"{one.how_to_avoid}",
                _priority(share),
                (Evidence(f"contexts that ended in {one.type}", one.frequency, "share"),),
            ),
        )


def bot_suggestions(records: Sequence[PostRecord]) -> Iterator[Weighted]:
    """Yields one suggestion if bots and AI personas make up a large share of the interactions."""
    filtered = sum(post.filtered_total for post in records)
    share = share_estimate(filtered, filtered + sum(post.genuine_total for post in records))
    if share.value >= _HIGH_BOT_SHARE:
        worst = max(records, key=lambda post: post.filtered_total)
        yield (
            100.0 * share.value,
            Suggestion(
                "bots",
                f"{share.value:.0%} of {share.sample_size} interactions came from bots and AI personas and were "
                f"filtered out, most of them ({worst.filtered_total}) on post {worst.post_id}. AnalyzePost shows the "
                "reasons. Do not buy such interactions or answer them.",
                Priority.MEDIUM,
                (Evidence("interactions of bots and AI personas", share, "share"),),
            ),
        )


def _from_pattern(pattern: ContentPattern) -> Weighted:
    lift = Estimate(pattern.lift_pct.value, pattern.lift_pct.interval, pattern.sample_size)
    order = "Make more posts like these" if pattern.type == PatternType.WINNING else "Make fewer posts like these"
    return abs(lift.value), Suggestion(
        "content",
        f"{order}: {pattern.description[0].lower()}{pattern.description[1:]} ({pattern.sample_size} posts, "
        f"effect size {pattern.effect_size:+.2f}, confidence {format_probability(pattern.confidence)}).",
        _priority(abs(lift.value)),
        (
            Evidence("engagement against the rest", lift, "%"),
            Evidence("confidence", Estimate(pattern.confidence, None, pattern.sample_size), "probability"),
        ),
    )


def _priority(size_pct: float) -> Priority:
    if size_pct >= _LARGE_PCT:
        return Priority.HIGH
    return Priority.MEDIUM if size_pct >= _MEDIUM_PCT else Priority.LOW


def _better(lift: Estimate) -> str:
    return (
        f"{abs(lift.value):.0f}% {'better' if lift.value > 0 else 'worse'} ({lift.lower:+.0f}% to {lift.upper:+.0f}%)"
    )


def _tags(effect: HashtagEffect) -> str:
    return " ".join(f"#{tag}" for tag in effect.hashtags)
