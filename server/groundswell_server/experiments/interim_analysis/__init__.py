"""Interim analyses of running experiments: on request, on a schedule, and for watchers."""
