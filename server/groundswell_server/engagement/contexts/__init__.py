"""Contexts: their life, how it ends, and what people's reaction says of them."""
