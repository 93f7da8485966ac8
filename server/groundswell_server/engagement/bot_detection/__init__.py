"""Bot detection: a verdict, a probability and reasons for every interaction.

Five layers examine a batch: the register of AI personas, the times, the texts, the profiles and the graph of
co-occurrence. Each is a function from a batch to `LayerFindings`; `score_combination.combine` accepts any number of
them.
"""
