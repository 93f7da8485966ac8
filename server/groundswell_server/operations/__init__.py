"""google.longrunning.Operations: long-running work as its callers see it."""
