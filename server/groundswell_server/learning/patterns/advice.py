"""Advice on one area each, for as much as its figures support."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from groundswell_server.learning.enums import platform_word
from groundswell_server.learning.patterns.analysis import ContentPattern, analyze
from groundswell_server.learning.patterns.associations import DISCOVERY_RATE, associate, percent
from groundswell_server.learning.patterns.descriptions import certainty
from groundswell_server.learning.patterns.estimates import Figure, share_of
from groundswell_server.learning.patterns.failures import Failures
from groundswell_server.learning.patterns.hashtags import HashtagEffect, effective_hashtags
from groundswell_server.learning.patterns.residuals import cells, log_rates, residuals
from groundswell_server.learning.patterns.sample import Sample
from groundswell_server.learning.patterns.traits import post_traits, posts_with
from groundswell_server.learning.timing.estimates import FEWEST_POSTS, TimedRates, estimate_timing
from groundswell_storage.engagement.pattern_rows import PostRecord

_FEWEST_WITH_TRAIT = 10
_USUAL = 0.8
"""Share of posts with something from which there is no point in telling to do it."""
_RARE = 0.05
"""Share of posts from which something is worth leaving out; of contexts, from which a failure is worth a word."""
_MOST_OF_A_KIND = 3
_SURE = 0.9
_LARGE_PCT, _MEDIUM_PCT = 25.0, 10.0
_MANY_BOTS = 0.2


@dataclass(frozen=True, slots=True)
class Cited:
    """A figure that a suggestion rests on."""

    name: str
    figure: Figure
    unit: str
    """%, posts, contexts, share or probability."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that could be done better."""

    area: str
    """content, hashtags, timing, failures or bots."""
    advice: str
    priority: str
    """HIGH, MEDIUM or LOW."""
    figures: tuple[Cited, ...]
    weight: float
    """What it is about, percent of engagement, of contexts or of interactions: to sort by within a priority."""


def on_kinds(sample: Sample) -> Iterator[Suggestion]:
    """The best and the worst kind of posts; raises FailedPrecondition under 50 posts."""
    found = analyze(sample)
    for pattern in (*found.winning[:1], *found.losing[:1]):
        yield _of_kind(pattern)


def on_traits(sample: Sample) -> Iterator[Suggestion]:
    """Single traits that go with more, or with less, than persona and platform explain; the largest effects."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, (post, local) in enumerate(zip(sample.posts, sample.local, strict=True)):
        for trait in post_traits(post, local):
            places[trait].append(place)
    names = sorted(places)
    left = residuals(log_rates(sample.rates.tolist()), cells(sample.accounts), np.zeros((len(sample), 0)))
    found = associate(left, [np.array(places[name], dtype=np.intp) for name in names], fewest=_FEWEST_WITH_TRAIT)
    for row in np.argsort(-np.abs(found.effects)).tolist():
        share = found.inside[row] / len(sample)
        more = found.effects[row] > 0
        if found.adjusted[row] > DISCOVERY_RATE or (share > _USUAL if more else share < _RARE):
            continue
        name = names[found.tested[row]]
        value, lower, upper = (percent(end[row]) for end in (found.effects, found.lower, found.upper))
        lift = Figure(value, lower, upper, int(found.inside[row]))
        posts = posts_with(name)
        words = f"they do {_better(lift)}, all else of persona and platform equal"
        order = "Make more" if more else "Make fewer"
        yield Suggestion(
            "content",
            f"{order} {posts}: {words}; {share:.0%} of all are such.",
            _priority(lift),
            (
                Cited(f"engagement of {posts}", lift, "%"),
                Cited(posts, Figure(share, None, None, len(sample)), "share"),
            ),
            abs(lift.value),
        )


def on_hashtags(sample: Sample) -> Iterator[Suggestion]:
    """Hashtags that go with more, and those that go with less; raises FailedPrecondition under 10 posts."""
    found = effective_hashtags(sample).hashtags
    higher = [one for one in found if one.association == "HIGHER"][:_MOST_OF_A_KIND]
    lower = [one for one in reversed(found) if one.association == "LOWER"][:_MOST_OF_A_KIND]
    for order, effects in (("Use", higher), ("Leave out", lower)):
        if effects:
            cited = [(_tags(one), _lift_of(one)) for one in effects]
            said = ", ".join(f"{tags} ({_better(lift)}, {lift.sample_size} posts)" for tags, lift in cited)
            first = cited[0][1]
            figures = tuple(Cited(f"engagement of posts with {tags}", lift, "%") for tags, lift in cited)
            yield Suggestion("hashtags", f"{order} {said}.", _priority(first), figures, abs(first.value))


def on_hours(sample: Sample) -> Iterator[Suggestion]:
    """On each platform with enough posts the best hour, where it is surely better and little used."""
    for platform, count in Counter(post.platform for post in sample.posts).most_common():
        if count < FEWEST_POSTS:
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
        used = best.rate.sample_size / len(rates)
        if best.probability_above_average < _SURE or used > 1.0 - _USUAL or not timing.mean.value:
            continue
        rate, mean = best.rate, timing.mean
        gain = 100.0 * (rate.value / mean.value - 1.0)
        yield Suggestion(
            "timing",
            f"Publish more around {best.hour:02d}:00 on {platform_word(platform) or 'this platform'}: "
            f"{rate.value:.2f}% against {mean.value:.2f}% on average, {certainty(best.probability_above_average)} sure "
            f"that it is better, and only {used:.0%} of the posts come then.",
            "MEDIUM" if gain >= _MEDIUM_PCT else "LOW",
            (
                Cited(f"rate at {best.hour:02d}:00", Figure(rate.value, rate.lower, rate.upper, rate.sample_size), "%"),
                Cited("mean rate", Figure(mean.value, mean.lower, mean.upper, mean.sample_size), "%"),
            ),
            gain,
        )


def on_failures(failures: Failures) -> Iterator[Suggestion]:
    """The most frequent failures that are not rare."""
    frequent = (one for one in failures.patterns if one.frequency.value >= _RARE)
    for one in islice(frequent, _MOST_OF_A_KIND):
        share = 100.0 * one.frequency.value
        yield Suggestion(
            "failures",
            f"{len(one.cases)} of {failures.context_count} contexts ({share:.0f}%) ended in {one.type}. "
            f"{one.how_to_avoid}",
            "HIGH" if share >= _LARGE_PCT else "MEDIUM" if share >= _MEDIUM_PCT else "LOW",
            (Cited(f"contexts that ended in {one.type}", one.frequency, "share"),),
            share,
        )


def on_bots(records: Sequence[PostRecord]) -> Iterator[Suggestion]:
    """A word where bots and AI personas are many."""
    filtered = sum(post.filtered_total for post in records)
    share = share_of(filtered, filtered + sum(post.genuine_total for post in records))
    if share.value >= _MANY_BOTS:
        worst = max(records, key=lambda post: post.filtered_total)
        yield Suggestion(
            "bots",
            f"{share.value:.0%} of {share.sample_size} interactions came of bots and AI personas and were taken out, "
            f"most of them ({worst.filtered_total}) on post {worst.post_id}: see why with AnalyzePost, and do not buy "
            "or answer them.",
            "MEDIUM",
            (Cited("interactions of bots and AI personas", share, "share"),),
            100.0 * share.value,
        )


def _of_kind(pattern: ContentPattern) -> Suggestion:
    lift = Figure(*pattern.lift_pct, pattern.verdict.sample_size)
    order = "Make more like this" if pattern.winning else "Make less like this"
    return Suggestion(
        "content",
        f"{order}: {pattern.description[0].lower()}{pattern.description[1:]} ({lift.sample_size} posts, "
        f"effect size {pattern.verdict.effect_size:+.2f}, confidence {certainty(pattern.verdict.confidence)}).",
        _priority(lift),
        (
            Cited("engagement against the rest", lift, "%"),
            Cited("confidence", Figure(pattern.verdict.confidence, None, None, lift.sample_size), "probability"),
        ),
        abs(lift.value),
    )


def _priority(lift: Figure) -> str:
    size = abs(lift.value)
    return "HIGH" if size >= _LARGE_PCT else "MEDIUM" if size >= _MEDIUM_PCT else "LOW"


def _better(lift: Figure) -> str:
    return (
        f"{abs(lift.value):.0f}% {'better' if lift.value > 0 else 'worse'} ({lift.lower:+.0f}% to {lift.upper:+.0f}%)"
    )


def _lift_of(effect: HashtagEffect) -> Figure:
    return Figure(effect.effect_pct, effect.lower_pct, effect.upper_pct, effect.posts_with)


def _tags(effect: HashtagEffect) -> str:
    return " ".join(f"#{tag}" for tag in effect.hashtags)
