"""Analysis: from sufficient statistics to comparisons, families of tests and a verdict.

No module of this package is imported when a server starts.
"""
