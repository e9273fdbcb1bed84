"""Demonstration data: invented people in real places, with two years of history."""
