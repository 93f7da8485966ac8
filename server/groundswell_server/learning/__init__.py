"""LearningService: what content will do before it is posted, and how sure that is."""
