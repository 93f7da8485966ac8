"""Benchmarks: `make bench`. Each row is measured side by side with its yardstick, in one run, on the same core."""
