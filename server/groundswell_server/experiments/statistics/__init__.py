"""The statistics of experiments: pure functions over sufficient statistics.

Figures of an arm are arrays (phases, ...): the first axis is the phases of one experiment; further ones, if any, are
experiments computed at once. Nothing here is imported when a server starts.
"""
