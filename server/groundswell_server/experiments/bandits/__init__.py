"""Bandits: units go where the reward is, every choice has a probability, and estimates take the adapting into account.

A bandit works in batches: after each it computes the probability of every arm anew, stores it with the choices made by
it, and learns from what came of them.
"""
