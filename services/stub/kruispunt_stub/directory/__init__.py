"""The rows of the directory, in memory."""
