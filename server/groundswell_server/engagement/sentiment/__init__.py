"""What people feel about a post, read from their comments: in English and in emoji, and never guessed elsewhere."""
