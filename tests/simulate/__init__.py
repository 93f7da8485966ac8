"""Simulated experiments: do the tests keep their promises? `make simulate` prints the table.

Tests run the same functions with fewer experiments.
"""
