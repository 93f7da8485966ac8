"""Genuine or not: a verdict, a probability and reasons for every interaction.

Five layers: the register of AI personas, the clock, the text, the profile, the graph. Each is a function from a batch
to `LayerFindings`; `combine` takes any number of them.
"""
