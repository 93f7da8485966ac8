"""Background work: long-running operations and periodic jobs, which worker processes run."""
