"""What LearningService stores: models, what they predicted, and what they learn from."""
