"""Tables of experiments and the queries on them."""
