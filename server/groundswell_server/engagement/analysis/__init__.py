"""What can be said of posts and of those who stand behind their interactions."""
