"""Checks of a rollout's current stage, the step that follows, and the steps of its model version."""
