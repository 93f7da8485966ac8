"""What content that does well has in common, what goes wrong and why, and what to do about it."""
