"""Running experiments in memory: which variant a unit gets in each."""
