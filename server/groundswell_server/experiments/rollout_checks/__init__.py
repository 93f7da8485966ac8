"""Checks of the current stage of a rollout, and the steps that follow from them."""
