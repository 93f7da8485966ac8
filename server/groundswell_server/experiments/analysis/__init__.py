"""From sufficient statistics to a verdict: comparisons, metrics, families of tests.

No server imports it at its start.
"""
