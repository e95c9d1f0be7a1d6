"""Proving that the logs are what they were, and letting go of what is due."""
