"""Data about calls: the answers to request ids, and the token buckets of rate limits."""
