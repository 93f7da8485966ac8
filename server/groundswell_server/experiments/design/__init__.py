"""The design of an experiment: its parts, its validation and its JSON form."""
