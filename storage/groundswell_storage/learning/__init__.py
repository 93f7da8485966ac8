"""The tables of LearningService: models, their predictions, and the data they learn from."""
