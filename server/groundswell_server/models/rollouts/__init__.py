"""Versions under rollout: which units get them, and the errors of their predictions."""
