"""Model types of posts, texts and accounts, and their training examples."""
