"""The statistics of experiments: pure functions over sufficient statistics.

The values of a variant are arrays (phases, ...): the first axis is the phases of one experiment; further axes, if any,
are experiments that are computed at once. No module of this package is imported when a server starts.
"""
