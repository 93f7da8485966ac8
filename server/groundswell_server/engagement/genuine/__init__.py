"""Genuine or not: a verdict, a probability and reasons for every interaction.

Layers 1 to 3 of the specification: the register of AI personas, the clock, the text. Each is a function from a batch to
`LayerFindings`; `combine` takes any number of them.
"""
