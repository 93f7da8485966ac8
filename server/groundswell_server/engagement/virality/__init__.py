"""Posts that spread as few before them did, and how far they may get."""
