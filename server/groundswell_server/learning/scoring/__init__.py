"""Scores of content and recommendations for improving it.

Modules in import order: `changes`, `rule_score`, `heuristics`, `scorer`, `live_scorer` and `optimizer`.
"""
