"""Running experiments in memory, and the variant of a unit in each of them."""
