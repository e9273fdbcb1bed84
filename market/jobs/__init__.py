"""Background work: the same services, with a progress row."""
