"""Analyses of posts and of the audience behind their interactions."""
