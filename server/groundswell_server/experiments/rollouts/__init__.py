"""Rollouts: something new reaches more and more units, stage by stage, and goes back when a guardrail breaks."""
