"""Scores drafts, posts the best one, and records its engagement.

groundswell serve
python examples/score_before_posting.py
"""

from __future__ import annotations

from groundswell import Client

CAPTIONS = (
    "New in.",
    "Golden hour at the pier. What is your favourite spot to watch the sun go down?",
    "Three things I learned about low light this week, and one that I still get wrong. Save it for later.",
)
HASHTAGS = ["sunset", "goldenhour", "photography", "pier", "evening"]


def main() -> None:
    """Runs the loop once."""
    with Client() as client:
        persona = client.engagement.create_persona(name="Ava", niche="photography", time_zone="Europe/Lisbon").persona

        with client.track(persona.id, phase="TEXT_GENERATION", input={"prompt": "captions for a sunset"}) as context:
            drafts = [
                {
                    "persona_id": persona.id,
                    "platform": "PLATFORM_INSTAGRAM",
                    "media_type": "MEDIA_TYPE_IMAGE",
                    "caption": caption,
                    "hashtags": HASHTAGS,
                }
                for caption in CAPTIONS
            ]
            scores = client.learning.batch_score_content(requests=[{"draft": draft} for draft in drafts]).scores
            best, score = max(zip(drafts, scores, strict=True), key=lambda pair: pair[1].score)
            context.output["caption"] = best["caption"]
        print(f'{score.score:.0f} of 100: "{best["caption"]}"')
        for points in score.points:
            print(f"  {points.points:+.0f} {points.reason}")

        for advice in client.learning.optimize_content(draft=best).recommendations[:3]:
            print(f"  advice: {advice.advice}")

        post = client.engagement.create_post(
            persona_id=persona.id,
            context_id=context.id,
            platform="PLATFORM_INSTAGRAM",
            platform_post_id=f"example-{persona.id}",
            media_type="MEDIA_TYPE_IMAGE",
            caption=best["caption"],
            hashtags=HASHTAGS,
        ).post

        # Later, the counts of the platform:
        metrics = {"likes": 240, "comments": 31, "shares": 12, "saves": 40, "reach": 4100}
        answer = client.engagement.record_metrics(post_id=post.id, metrics=metrics)
        rate = answer.post.engagement.engagement_rate_pct
        print(f"engagement rate {rate:.1f}%; pattern: {answer.context.pattern or 'none yet'}")


if __name__ == "__main__":
    main()
