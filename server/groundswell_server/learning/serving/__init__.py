"""Facts that predictions need, cached in a server's memory, and records of the predictions it served."""
