"""What the demonstration of Engagement says: plain words, small tables, bars. Every figure is the server's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from groundswell.cli.output import console
from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.cli.demo.engagement.charts import total_of
from groundswell_server.cli.demo.narration import bar, runnable, say, step, table_of

if TYPE_CHECKING:
    from groundswell.v1.common_pb2 import Estimate

SHOWN_ELEMENTS = 3
"""Elements of each kind."""


def opening() -> None:
    """The first lines."""
    console().print("\n[bold]Groundswell[/]: the life of a post, and how many [bold]people[/] cared.")
    console().print(
        "[dim]A real server, an embedded database and the SDK. The crowd is simulated; every figure is not.[/]"
    )


def posted(post: pb.Post, context: pb.Context) -> None:
    """A post and where it is from."""
    say(f'"{escape(post.caption)}"')
    state = f"{_word(pb.Validation, context.validation)} and {_word(pb.Confidence, context.confidence)}"
    say(f"Posted; its context is {state}.")


def timeline(measured: Sequence[pb.Post]) -> None:
    """The counts at each age, and what of them is genuine."""
    table = table_of("age", "reported", "genuine", "reach", "rate", "")
    top = max(total_of(post) for post in measured)
    for post in measured:
        hours = (post.fetch_time.seconds - post.publish_time.seconds) // 3600
        genuine = post.engagement
        table.add_row(
            f"{hours} h",
            f"{total_of(post):,}",
            f"{genuine.total:,}",
            f"{post.metrics.reach:,}",
            f"{genuine.engagement_rate_pct:.2f}%",
            bar(genuine.total / top),
        )
    console().print(table)


def alert(told: pb.ViralityAlert) -> None:
    """An alert, in words."""
    hours = told.age.seconds / 3600
    say(
        f"After {hours:.0f} h its rate was {told.engagement_rate_pct:.2f}%, above {told.threshold_pct:.2f}%, the 95th "
        f"percentile of {told.compared_post_count} posts at that age: it [bold]spreads[/]."
    )
    if told.HasField("projected_reach"):
        days = told.projected_age.seconds / 86400
        say(f"Reach to expect after {days:.0f} days: {_estimate(told.projected_reach)}.")


def judged(analysis: pb.AnalyzePostResponse, examples: Sequence[pb.Interaction]) -> None:
    """What was taken out, and why."""
    genuine = analysis.genuine
    say(
        f"{analysis.post.metrics.likes:,} likes and {analysis.post.metrics.comments} comments came; of "
        f"{analysis.total_engagement:,} reactions in all {genuine.bots_filtered} are of bots and "
        f"{genuine.personas_filtered} of AI personas: [bold]{genuine.total:,} are genuine[/] "
        f"({genuine.genuine_ratio:.0%})."
    )
    table = table_of("verdict", "reason", "interactions", "")
    top = max((row.count for row in analysis.filtered), default=1)
    for row in analysis.filtered:
        reason = row.reason.replace("_", " ").lower()
        table.add_row(_word(pb.Verdict, row.verdict), reason, str(row.count), bar(row.count / top))
    console().print(table)
    for found in examples:
        why = found.reasons[0].detail
        say(f'"{escape(found.text)}" [dim]{found.inauthentic_probability:.0%} not genuine: {escape(why)}[/]', 4)


def learned(context: pb.Context) -> None:
    """What metrics made of the context."""
    say(
        f"The context is [bold]{_word(pb.Validation, context.validation)}[/] and "
        f"[bold]{_word(pb.Confidence, context.confidence)}[/]: {context.social_metrics.engagement_rate_pct:.2f}%, "
        f"{context.social_metrics.genuine_ratio:.0%} of it genuine."
    )
    if context.pattern:
        say(f"What it did is kept as the pattern [bold]{context.pattern}[/].")


def elements(analysis: pb.AnalyzePostResponse) -> None:
    """What goes with the persona's rates."""
    say(
        f"{analysis.genuine.engagement_rate_pct:.2f}% of {_word(pb.RateBase, analysis.genuine.rate_base)}, "
        f"{analysis.genuine.vs_average_pct:+.0f}% against the average of {analysis.compared_post_count} posts."
    )
    table = table_of("what", "", "mean rate", "without it", "posts", "")
    best = [row for kind in ("hashtag", "hour", "format", "length") for row in _of_kind(analysis, kind)]
    top = max(row.mean_rate_pct for row in best)
    for row in best:
        other = f"{row.other_mean_rate_pct:.2f}%" if row.HasField("other_mean_rate_pct") else ""
        figures = (f"{row.mean_rate_pct:.2f}%", other, str(row.sample_size), bar(row.mean_rate_pct / top))
        table.add_row(row.kind, row.value, *figures)
    console().print(table)


def _of_kind(analysis: pb.AnalyzePostResponse, kind: str) -> list[pb.PerformingElement]:
    return [row for row in analysis.elements if row.kind == kind][:SHOWN_ELEMENTS]


def sentiment(told: pb.SentimentAnalysis) -> None:
    """What people feel: the mix, over time, and whether it goes with the rate."""
    scored = told.positive_count + told.neutral_count + told.negative_count
    say(
        f"Of {scored} comments of people {told.positive_count} are positive, {told.neutral_count} neutral, "
        f"{told.negative_count} negative; {told.unsupported_count} more are in other languages and not guessed at."
    )
    table = table_of("from", "positive", "neutral", "negative", "mean score", "")
    for period in told.trend:
        counts = (period.positive_count, period.neutral_count, period.negative_count)
        start = f"{period.start_time.ToDatetime():%d %b %H:%M}"
        table.add_row(start, *map(str, counts), f"{period.mean_score:+.2f}", bar(max(period.mean_score, 0.0)))
    console().print(table)
    if told.HasField("engagement_correlation"):
        say(f"Mood and rate over the persona's posts: Spearman {_estimate(told.engagement_correlation, '+.2f')}.")


def audience(told: pb.Demographics) -> None:
    """Who was reached; groups too small to show are in "other" already."""
    for name, groups in (("countries", told.countries), ("ages", told.age_bands), ("genders", told.genders)):
        say(f"[dim]{name}:[/] {_shares(groups)}")


def _shares(groups: Mapping[str, int]) -> str:
    total = sum(groups.values())
    largest = sorted(groups.items(), key=lambda group: (group[0] == "other", -group[1]))
    return ", ".join(f"{name} {people / total:.0%}" for name, people in largest)


def recommendations(analysis: pb.AnalyzePostResponse) -> None:
    """What to do."""
    say("What to do:")
    for sentence in analysis.recommendations:
        say(f"- {escape(sentence)}", 4)


def going_on(charts: Path, database: str) -> None:
    """How to go on from here."""
    step("Go on", "the same server on these data, for everything that speaks gRPC")
    say(f"Charts are in {charts}/")
    console().print(f"  {runnable('groundswell')} serve --database {database}\n", markup=False, soft_wrap=True)


def _estimate(estimate: Estimate, form: str = ",.0f") -> str:
    told = f"{estimate.value:{form}}"
    if estimate.HasField("interval"):
        bounds = estimate.interval
        told += f" ({bounds.lower:{form}} to {bounds.upper:{form}} at {bounds.level:.0%})"
    return f"{told}, from {estimate.sample_size} posts"


def _word(words: Any, number: int) -> str:
    """An enum value of the contract without the prefix of its enum."""
    name: str = words.Name(number)
    prefix = words.Name(0).removesuffix("UNSPECIFIED")
    return name.removeprefix(prefix).lower().replace("_", " ")
