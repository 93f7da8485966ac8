"""An agent that never stops testing: every new hook against the best so far, and what wins is the one to beat next.

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
READERS_A_DAY = 1000
MOST_READERS = 4000
"""A hook that has not won by then is given up."""


class HookTester:
    """Keeps the best hook, and tests new ones against it on the readers who come by."""

    def __init__(self, client: Client, best: str) -> None:
        self.client = client
        self.best = best
        self.chance = Random(7)  # noqa: S311 - readers of an example, not a secret
        self.run = uuid4().hex[:8]

    def test(self, challenger: str) -> None:
        """One experiment, from its design to the hook that everybody gets afterwards."""
        experiments = self.client.experiments
        key = f"{self.best}-or-{challenger}-{self.run}"
        experiments.create_experiment(
            key=key,
            design={
                "hypothesis": f"{challenger} makes more readers convert than {self.best}",
                # Decided by the always-valid test alone, which may be looked at all the time.
                "kind": "EXPERIMENT_KIND_SEQUENTIAL",
                "variants": [
                    {"key": self.best, "payload": {"hook": HOOKS[self.best]}, "is_control": True},
                    {"key": challenger, "payload": {"hook": HOOKS[challenger]}},
                ],
                "metrics": [{"name": "conversion_rate"}],
                "expected_total_sample": MOST_READERS,
                # These readers all come at once. Real ones differ by hour and weekday: leave them their days.
                "min_runtime": 0,
            },
        )
        experiments.start_experiment(experiment_key=key)

        # Told at once, and again whenever something was counted: a day's readers, what they did, and so on.
        with experiments.watch_experiment(experiment_key=key) as watching:
            for told in watching:
                if told.analysis.decision.winner or told.analysis.units >= MOST_READERS:
                    break
                self.show(key)

        analysis = experiments.analyze(key)
        experiments.complete_experiment(experiment_key=key, winner=analysis.winner, reason=analysis.explanation)
        print(f"{challenger} against {self.best}, {analysis.response.units} readers: {analysis.explanation}")
        self.best = analysis.winner or self.best

    def show(self, key: str) -> None:
        """A day: each reader gets the variant that is hers, and converts or doesn't."""
        readers = [f"reader-{self.chance.getrandbits(48):x}" for _ in range(READERS_A_DAY)]
        assigned = self.client.experiments.batch_assign_variants(
            requests=[{"experiment_key": key, "unit": reader} for reader in readers]
        ).assignments
        with self.client.experiments.events() as events:
            for one in assigned:
                if self.converts(one.payload["hook"]):
                    events.record(key, one.unit, "conversion")

    def converts(self, hook: str) -> bool:
        """How this example's readers react: they like to be asked, and a story more than that."""
        shares = {"statement": 0.08, "question": 0.16, "number": 0.08, "story": 0.26}
        return self.chance.random() < next(shares[name] for name, text in HOOKS.items() if text == hook)


def main() -> None:
    """Starts from a plain statement and tries everything else, one hook after another."""
    with Client() as client:
        tester = HookTester(client, "statement")
        for challenger in ("question", "number", "story"):
            tester.test(challenger)
        print(f"adopted: {HOOKS[tester.best]}")
        if tester.best != "story":
            raise SystemExit("it did not learn what its readers like")


if __name__ == "__main__":
    main()
