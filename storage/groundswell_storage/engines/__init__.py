"""The supported databases: one module for each driver, and their common base."""
