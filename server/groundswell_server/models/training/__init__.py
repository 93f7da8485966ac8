"""Training runs, from examples to a tested version. scikit-learn is imported by the functions that need it."""
