"""LearningService: predicts the performance of content before it is posted, with the uncertainty of each prediction.

Layers, each of which imports only those before it:

1. enums: names of model types and labels, and the contract's enums.
2. estimates: means and shares with intervals.
3. features: facts known before a post, and features computed from them.
4. predictors: predictors of posts, texts and accounts.
5. training: the bases of model types, and their training examples.
6. model_types: the model types, one module each.
7. serving, online: cached facts and recorded predictions; the online model of the engagement predictor.
8. scoring, labels, timing: scores and advice; labelled examples and classification; the best hours.
9. patterns: patterns of success and failure.
10. live_predictions: answers to prediction calls.
11. messages: conversion to and from protobuf.
12. pattern_calls: the part of the servicer that answers calls about patterns.
13. service, jobs: the servicer, and the background work.
"""
