"""HTML pages, one blueprint a feature."""
