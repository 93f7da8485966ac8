"""Metrics, baselines, splits by group, and feature importance."""
