"""JSON API, one blueprint a feature."""
