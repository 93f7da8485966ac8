"""Sentiment of English texts and of emoji; texts in other languages are unsupported, never guessed.

It belongs to no area: Engagement scores comments with it, and Learning uses it as the baseline of its models.
"""
