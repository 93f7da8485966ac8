"""Rollouts: their design, their lifecycle, and the evaluation of units."""
