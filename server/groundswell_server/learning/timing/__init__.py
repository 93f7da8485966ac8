"""Which hours do best."""
