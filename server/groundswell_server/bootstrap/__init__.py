"""The first steps of a process: database, master key, garbage collector and signals."""
