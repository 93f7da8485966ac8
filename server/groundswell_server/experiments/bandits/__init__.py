"""Bandits: allocation by policies in batches, with stored probabilities, and estimates from adaptively collected data.

After each batch the policy computes new probabilities from the rewards so far and stores them for the next choices.
"""
