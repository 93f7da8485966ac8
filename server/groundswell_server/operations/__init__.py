"""The standard service google.longrunning.Operations."""
