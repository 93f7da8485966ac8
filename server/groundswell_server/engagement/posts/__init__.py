"""Posts and their captions."""
