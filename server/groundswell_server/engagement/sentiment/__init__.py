"""What people feel about a post, summed up from the moods of their comments."""
