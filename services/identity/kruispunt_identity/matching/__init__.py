"""Comparing persons: keys under which candidates are found, and a score whose parts explain it."""
