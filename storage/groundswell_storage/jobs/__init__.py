"""Background work: operations, the leases of their workers, schedules."""
