"""Run the migrations of the identity server; the work is in `kruispunt_server.migrate`."""

from kruispunt_identity.tables import metadata
from kruispunt_server.migrate import run_environment

run_environment(metadata)
