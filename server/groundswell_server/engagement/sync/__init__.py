"""Syncing: what is due is asked for on its platform, within the limits, and recorded; a run can stop anywhere."""
