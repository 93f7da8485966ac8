"""Migrations, applied in the order of their numbers by `schema.migrate`."""
