"""Giving the records of the logs their positions, and proving that they were not altered since."""
