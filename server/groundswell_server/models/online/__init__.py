"""Online models: they learn from every outcome, and are blended with the batch model as far as they prove better."""
