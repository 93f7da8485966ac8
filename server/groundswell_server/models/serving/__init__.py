"""Live versions in the memory of a server."""
