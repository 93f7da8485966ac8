"""Databases as Peewee adapts them: one module for each driver, and what they share."""
