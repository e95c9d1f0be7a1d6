"""Run the migrations of the directory server; the work is in `kruispunt_server.migrate`."""

from kruispunt_directory.tables import metadata
from kruispunt_server.migrate import run_environment

run_environment(metadata)
