"""ExperimentsService: experiments that compare variants, and rollouts that are guarded by metrics.

Layers, each of which imports only those before it:

1. statistics: tests, intervals, posteriors and power, as pure functions over sufficient statistics.
2. design: the design of an experiment, with bucketing and targeting.
3. bandits: policies, batches, and estimates from adaptively collected data.
4. lifecycle, analysis, experiment_plan: changes of experiments; the verdict on counts; sample size and duration.
5. catalog: running experiments in memory.
6. rollouts: the design, lifecycle and evaluation of rollouts.
7. counting: exposures, events, and the sums that analyses are computed from.
8. assignment, interim_analysis: assignment for calls; analyses on request, on a schedule and for watchers.
9. rollout_checks: checks of a rollout's stage, and the steps of its model version.
10. messages: conversion to and from protobuf.
11. model_step_runner: calls of LearningService for rollouts of models.
12. service, jobs: the servicer and the periodic jobs.
"""
