"""Model types of posts, texts and accounts, one module each; found by the scan of `models.model_types`."""
