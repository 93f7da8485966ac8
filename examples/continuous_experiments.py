"""An agent that tests continuously: each experiment compares a new hook with the winner of the experiment before it.

groundswell serve
python examples/continuous_experiments.py
"""

from __future__ import annotations

from random import Random
from uuid import uuid4

from groundswell import Client

HOOKS = {
    "statement": "New colours are in.",
    "question": "Which colour is yours?",
    "number": "Seven new colours.",
    "story": "We mixed this one by accident.",
}
READERS_PER_DAY = 1000
MAX_READERS = 4000
"""A hook that has not won after this many readers is dropped."""


class HookTester:
    """Keeps the best hook and tests new hooks against it."""

    def __init__(self, client: Client, best: str) -> None:
        self.client = client
        self.best = best
        self.random = Random(7)  # noqa: S311 - readers of an example, not a secret
        self.run = uuid4().hex[:8]

    def test(self, challenger: str) -> None:
        """Runs one experiment, from its design to the choice of a hook."""
        experiments = self.client.experiments
        key = f"{self.best}-or-{challenger}-{self.run}"
        experiments.create_experiment(
            key=key,
            design={
                "hypothesis": f"{challenger} makes more readers convert than {self.best}",
                # Decided by the always-valid test alone, which allows any number of interim analyses.
                "kind": "EXPERIMENT_KIND_SEQUENTIAL",
                "variants": [
                    {"key": self.best, "payload": {"hook": HOOKS[self.best]}, "is_control": True},
                    {"key": challenger, "payload": {"hook": HOOKS[challenger]}},
                ],
                "metrics": [{"name": "conversion_rate"}],
                "expected_total_sample": MAX_READERS,
                # These readers all arrive at once. Real readers differ by hour and weekday: run a test for days.
                "min_runtime": 0,
            },
        )
        experiments.start_experiment(experiment_key=key)

        # The stream sends an analysis at once, and another one whenever events were counted.
        with experiments.watch_experiment(experiment_key=key) as updates:
            for update in updates:
                if update.analysis.decision.winner or update.analysis.units >= MAX_READERS:
                    break
                self.simulate_day(key)

        analysis = experiments.analyze(key)
        experiments.complete_experiment(experiment_key=key, winner=analysis.winner, reason=analysis.explanation)
        print(f"{challenger} against {self.best}, {analysis.response.units} readers: {analysis.explanation}")
        self.best = analysis.winner or self.best

    def simulate_day(self, key: str) -> None:
        """Assigns a variant to each reader and records the conversions of a simulated day."""
        readers = [f"reader-{self.random.getrandbits(48):x}" for _ in range(READERS_PER_DAY)]
        assignments = self.client.experiments.batch_assign_variants(
            requests=[{"experiment_key": key, "unit": reader} for reader in readers]
        ).assignments
        with self.client.experiments.events() as events:
            for assignment in assignments:
                if self.converts(assignment.payload["hook"]):
                    events.record(key, assignment.unit, "conversion")

    def converts(self, hook: str) -> bool:
        """Simulates the reaction of a reader: questions work well, stories work best."""
        shares = {"statement": 0.08, "question": 0.16, "number": 0.08, "story": 0.26}
        return self.random.random() < next(shares[name] for name, text in HOOKS.items() if text == hook)


def main() -> None:
    """Starts with a plain statement and tests the other hooks one after another."""
    with Client() as client:
        tester = HookTester(client, "statement")
        for challenger in ("question", "number", "story"):
            tester.test(challenger)
        print(f"adopted: {HOOKS[tester.best]}")
        if tester.best != "story":
            raise SystemExit("the agent did not find the hook that works best")


if __name__ == "__main__":
    main()
