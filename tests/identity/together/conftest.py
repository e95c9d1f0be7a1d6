"""Both services: the directory, running, for what identity asks of it."""

from tests.directory.service.conftest import directory, sandbox_pki

__all__ = ["directory", "sandbox_pki"]
