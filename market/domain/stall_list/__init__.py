"""The list of stalls that a board keeps: its table found, its rows read and checked."""
