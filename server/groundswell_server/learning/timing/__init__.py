"""The best hours to post."""
