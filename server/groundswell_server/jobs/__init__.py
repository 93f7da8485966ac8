"""Background work: operations run by worker processes, and jobs that run by the clock."""
