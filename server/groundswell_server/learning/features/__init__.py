"""What is known of a post before it is posted, as numbers."""
