"""Reads on hot standbys: which call may be answered by which, and how a caller still reads what it wrote."""
