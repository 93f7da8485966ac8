"""An agent that asks for the best approach before it writes, records its work, and learns from the outcome.

groundswell serve
python examples/smart_content_agent.py
"""

from __future__ import annotations

from groundswell import Client
from groundswell.errors import FailedPrecondition

TASK = "TEXT_GENERATION"
STRATEGIES = {
    "question": "{} What would you have done?",
    "announcement": "New today: {}",
    "story": "It began with a mistake. {}",
}
TOPICS = (
    "The light went at half past four.",
    "One lens for a whole winter.",
    "Only gulls were on the pier.",
    "Fog makes every picture a close-up.",
)
ROUNDS = 15
MIN_CONFIDENCE = 0.95


class ContentAgent:
    """Writes captions for one persona."""

    def __init__(self, client: Client, persona_id: str) -> None:
        self.client = client
        self.persona_id = persona_id
        self.tried = dict.fromkeys(STRATEGIES, 0)

    def work(self, topic: str, number: int) -> None:
        """Creates one piece of content: chooses an approach, writes, posts and records the engagement."""
        approach = self.choose()
        self.tried[approach] += 1

        # The context records input, strategy and output. An exception would end it as FAILED.
        with self.client.track(
            self.persona_id, phase=TASK, input={"prompt": topic}, strategy={"approach": approach}
        ) as context:
            caption = STRATEGIES[approach].format(topic)
            context.output["caption"] = caption

        post = self.client.engagement.create_post(
            persona_id=self.persona_id,
            context_id=context.id,
            platform="PLATFORM_INSTAGRAM",
            platform_post_id=f"agent-{self.persona_id}-{number}",
            media_type="MEDIA_TYPE_IMAGE",
            caption=caption,
        ).post

        # The platform reports these counts later. They approve or reject the context.
        self.client.engagement.record_metrics(post_id=post.id, metrics=readers(approach, number))

    def choose(self) -> str:
        """Returns the approach that works with high confidence, else the one that was tried least."""
        answer = self.client.learning.recommend_patterns(task_type=TASK, persona_id=self.persona_id, top_k=1)
        for pattern in answer.patterns:
            if pattern.confidence >= MIN_CONFIDENCE and pattern.HasField("strategy"):
                return str(pattern.strategy["approach"])
        return min(self.tried, key=lambda approach: self.tried[approach])

    def report(self) -> None:
        """Prints what the agent has learned, with the evidence."""
        learning = self.client.learning
        print("tried:", self.tried)
        for pattern in learning.recommend_patterns(task_type=TASK, persona_id=self.persona_id).patterns:
            print(f"  {pattern.description}: {pattern.reason}")
        successes = learning.find_successful_patterns(persona_id=self.persona_id)
        old_enough = f"{successes.post_count} posts that are old enough to be compared"
        print(f"{successes.successful_count} of {old_enough} did well; {successes.pending_count} are too young")
        for trait in successes.traits[:3]:
            shares = f"{trait.successful_share:.0%} of them, {trait.other_share:.0%} of the others"
            print(f"  they have more often: {trait.trait} ({shares})")
        for failure in learning.find_failure_patterns(persona_id=self.persona_id).patterns:
            print(f"{failure.count} times {failure.type}. {failure.how_to_avoid}")
        for suggestion in learning.suggest_improvements(persona_id=self.persona_id).suggestions:
            print(f"  {suggestion.advice}")
        try:
            for insight in learning.analyze_patterns(persona_id=self.persona_id).insights:
                print(insight)
        except FailedPrecondition as error:
            known = error.metadata
            print(f"kinds of posts: {known['have']} of {known['need']} posts are old enough to be compared")


def readers(approach: str, number: int) -> dict[str, int]:
    """Simulates the reaction of the readers: questions work best."""
    likes = {"question": 62, "announcement": 18, "story": 33}[approach]
    return {"likes": likes + 3 * (number % 5), "comments": 4, "reach": 1000}


def main() -> None:
    """Runs an agent without prior knowledge."""
    with Client() as client:
        persona = client.engagement.create_persona(name="Ava", niche="photography", time_zone="Europe/Lisbon").persona
        agent = ContentAgent(client, persona.id)
        for number in range(ROUNDS):
            agent.work(TOPICS[number % len(TOPICS)], number)
        agent.report()
        if agent.tried["question"] <= ROUNDS // 2:
            raise SystemExit("the agent did not find the approach that works best")


if __name__ == "__main__":
    main()
