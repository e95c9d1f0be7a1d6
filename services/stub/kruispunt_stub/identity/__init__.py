"""The rows of identity, in memory."""
