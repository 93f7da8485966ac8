"""Monitoring of live versions: performance in service, drift checks and retraining."""
