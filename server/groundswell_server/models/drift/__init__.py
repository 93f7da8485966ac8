"""Comparison of a version in service with its baseline: pure functions over arrays."""
