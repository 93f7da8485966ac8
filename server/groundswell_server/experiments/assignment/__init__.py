"""Which variant a unit gets: pure for an experiment as it stands, from memory for those that a server knows."""
