"""Statistical methods that several areas use: pure functions over NumPy arrays."""
