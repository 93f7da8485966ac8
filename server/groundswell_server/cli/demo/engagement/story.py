"""The texts and tables of the demonstration of Engagement. Every figure comes from the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from groundswell.cli.messages import word
from groundswell.cli.output import console
from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.cli.demo.engagement.charts import total_of
from groundswell_server.cli.demo.narration import bar, runnable, say, step, table_of

if TYPE_CHECKING:
    from groundswell.v1.common_pb2 import Estimate

SHOWN_ELEMENTS = 3
"""Elements of each kind that are shown."""


def opening() -> None:
    """Prints the introduction."""
    console().print("\n[bold]Groundswell[/]: the life of a post, and how many [bold]people[/] reacted.")
    console().print(
        "[dim]A real server, an embedded database and the SDK. The crowd is simulated, the figures are computed.[/]"
    )


def posted(post: pb.Post, context: pb.Context) -> None:
    """Prints a post and the state of its context."""
    say(f'"{escape(post.caption)}"')
    state = f"{_word(pb.Validation, context.validation)} and {_word(pb.Confidence, context.confidence)}"
    say(f"Posted; its context is {state}.")


def timeline(measured: Sequence[pb.Post]) -> None:
    """Prints the counts and the genuine engagement at each age."""
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


def alert(found: pb.ViralityAlert) -> None:
    """Prints an alert."""
    hours = found.age.seconds / 3600
    say(
        f"After {hours:.0f} h the rate was {found.engagement_rate_pct:.2f}%, above {found.threshold_pct:.2f}%"
        f", the 95th percentile of {found.compared_post_count} posts at that age: the post [bold]spreads[/]."
    )
    if found.HasField("projected_reach"):
        days = found.projected_age.seconds / 86400
        say(f"Expected reach after {days:.0f} days: {_estimate(found.projected_reach)}.")


def judged(analysis: pb.AnalyzePostResponse, examples: Sequence[pb.Interaction]) -> None:
    """Prints the filtered interactions with their reasons."""
    genuine = analysis.genuine
    say(
        f"The post got {analysis.post.metrics.likes:,} likes and {analysis.post.metrics.comments} comments. Of "
        f"{analysis.total_engagement:,} reactions in total, {genuine.bots_filtered} come from bots and "
        f"{genuine.personas_filtered} from AI personas: [bold]{genuine.total:,} are genuine[/] "
        f"({genuine.genuine_ratio:.0%})."
    )
    table = table_of("verdict", "reason", "interactions", "")
    top = max((row.count for row in analysis.filtered), default=1)
    for row in analysis.filtered:
        reason = row.reason.replace("_", " ").lower()
        table.add_row(_word(pb.Verdict, row.verdict), reason, str(row.count), bar(row.count / top))
    console().print(table)
    for found in examples:
        reason = found.reasons[0].detail
        say(f'"{escape(found.text)}" [dim]{found.inauthentic_probability:.0%} not genuine: {escape(reason)}[/]', 4)


def learned(context: pb.Context) -> None:
    """Prints the state of the context after the metrics."""
    say(
        f"The context is [bold]{_word(pb.Validation, context.validation)}[/] and "
        f"[bold]{_word(pb.Confidence, context.confidence)}[/]: {context.social_metrics.engagement_rate_pct:.2f}%, "
        f"{context.social_metrics.genuine_ratio:.0%} of it genuine."
    )
    if context.pattern:
        say(f"Its approach is stored as the pattern [bold]{context.pattern}[/].")


def elements(analysis: pb.AnalyzePostResponse) -> None:
    """Prints the hashtags, hours, formats and lengths that correlate with the persona's rates."""
    say(
        f"{analysis.genuine.engagement_rate_pct:.2f}% of {_word(pb.RateBase, analysis.genuine.rate_base)}, "
        f"{analysis.genuine.vs_average_pct:+.0f}% against the average of {analysis.compared_post_count} posts."
    )
    table = table_of("element", "", "mean rate", "without it", "posts", "")
    best = [row for kind in ("hashtag", "hour", "format", "length") for row in _of_kind(analysis, kind)]
    top = max(row.mean_rate_pct for row in best)
    for row in best:
        other = f"{row.other_mean_rate_pct:.2f}%" if row.HasField("other_mean_rate_pct") else ""
        figures = (f"{row.mean_rate_pct:.2f}%", other, str(row.sample_size), bar(row.mean_rate_pct / top))
        table.add_row(row.kind, row.value, *figures)
    console().print(table)


def _of_kind(analysis: pb.AnalyzePostResponse, kind: str) -> list[pb.PerformingElement]:
    return [row for row in analysis.elements if row.kind == kind][:SHOWN_ELEMENTS]


def sentiment(found: pb.SentimentAnalysis) -> None:
    """Prints the sentiment of the comments, its trend, and its correlation with the engagement rate."""
    scored = found.positive_count + found.neutral_count + found.negative_count
    say(
        f"Of {scored} comments by people, {found.positive_count} are positive, {found.neutral_count} neutral and "
        f"{found.negative_count} negative; {found.unsupported_count} more are in unsupported languages."
    )
    table = table_of("from", "positive", "neutral", "negative", "mean score", "")
    for period in found.trend:
        counts = (period.positive_count, period.neutral_count, period.negative_count)
        start = f"{period.start_time.ToDatetime():%d %b %H:%M}"
        table.add_row(start, *map(str, counts), f"{period.mean_score:+.2f}", bar(max(period.mean_score, 0.0)))
    console().print(table)
    if found.HasField("engagement_correlation"):
        correlation = _estimate(found.engagement_correlation, "+.2f")
        say(f"Correlation of sentiment and rate over the persona's posts: Spearman {correlation}.")


def audience(found: pb.Demographics) -> None:
    """Prints the demographics. The server has already merged small groups into "other"."""
    for name, groups in (("countries", found.countries), ("ages", found.age_bands), ("genders", found.genders)):
        say(f"[dim]{name}:[/] {_shares(groups)}")


def _shares(groups: Mapping[str, int]) -> str:
    total = sum(groups.values())
    largest = sorted(groups.items(), key=lambda group: (group[0] == "other", -group[1]))
    return ", ".join(f"{name} {people / total:.0%}" for name, people in largest)


def recommendations(analysis: pb.AnalyzePostResponse) -> None:
    """Prints the recommendations."""
    say("Recommendations:")
    for sentence in analysis.recommendations:
        say(f"- {escape(sentence)}", 4)


def going_on(charts: Path, database: str) -> None:
    """Prints how to continue."""
    step("Go on", "serve this database for the SDK, grpcurl and the command line")
    say(f"Charts are in {charts}/")
    console().print(f"  {runnable('groundswell')} serve --database {database}\n", markup=False, soft_wrap=True)


def _estimate(estimate: Estimate, form: str = ",.0f") -> str:
    text = f"{estimate.value:{form}}"
    if estimate.HasField("interval"):
        bounds = estimate.interval
        text += f" ({bounds.lower:{form}} to {bounds.upper:{form}} at {bounds.level:.0%})"
    return f"{text}, from {estimate.sample_size} posts"


def _word(enum: Any, number: int) -> str:
    return word(enum, number).replace("_", " ")
