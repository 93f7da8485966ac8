"""The incremental twin of the engagement predictor: it learns from each outcome, and blends in as it proves itself."""
