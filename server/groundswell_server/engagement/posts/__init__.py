"""Posts: recorded, changed and imported."""
