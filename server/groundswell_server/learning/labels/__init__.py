"""Labelled examples of texts, accounts and posts, and the classification of texts and accounts."""
