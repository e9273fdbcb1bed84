"""Shapes of input and output, one module a feature."""
