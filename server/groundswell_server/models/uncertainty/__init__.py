"""Calibrated probabilities and conformal intervals."""
