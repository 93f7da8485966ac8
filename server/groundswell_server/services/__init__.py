"""The services of the suite and what a servicer is constructed from."""
