"""Looks at experiments: what they say whenever somebody asks, by the clock, and to those who watch."""
