"""Use cases, one module a feature; they flush, entrypoints commit."""
