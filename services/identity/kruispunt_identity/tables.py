"""Every table of the identity server."""

from kruispunt_server.tables import new_metadata, shared_tables

metadata = new_metadata()
shared = shared_tables(metadata)
