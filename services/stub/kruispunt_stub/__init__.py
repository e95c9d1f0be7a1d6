"""A registry in memory for tests of institutions: the real rules over stores without a database."""
