"""Consumers of the event log in a server process."""
