"""What is stored for every call: records of request ids, and rate limits."""
