"""A synthetic country on the real area codes, with planted truth."""
