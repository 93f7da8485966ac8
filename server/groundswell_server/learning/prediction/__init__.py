"""Predictions from a model's files with NumPy and ONNX Runtime alone."""
