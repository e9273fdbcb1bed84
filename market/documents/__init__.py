"""Plain values in, bytes or text out; no database, no Flask."""
