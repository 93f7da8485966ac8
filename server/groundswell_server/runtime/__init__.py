"""What every call passes through, one idea a file; `pipeline.py` holds the ordered list."""
