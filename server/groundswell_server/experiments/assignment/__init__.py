"""Assignment of units for calls, with enrolment."""
