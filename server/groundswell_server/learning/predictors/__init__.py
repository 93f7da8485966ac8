"""Predictors of posts, texts and accounts: they need NumPy and ONNX Runtime only."""
