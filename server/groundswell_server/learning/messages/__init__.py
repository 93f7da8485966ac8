"""Conversion of LearningService's messages to and from the domain.

Enums of the domain have the contract's names (model types, stages, tiers) or its numbers (content).
"""
