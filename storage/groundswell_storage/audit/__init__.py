"""The audit log and the chain of seals on it."""
