"""What the servers under measurement have in common: settings, and how they begin to serve."""

import threading
from pathlib import Path
from typing import Any, TypeVar

from kruispunt_server.assembly import Assembly
from kruispunt_server.server import Server
from kruispunt_server.settings import ServerSettings
from kruispunt_server.worker import collect_rarely

URI = "spiffe://bench/participant/bench"
SECRET = b"benchmarks only, nothing secret in it"

SettingsT = TypeVar("SettingsT", bound=ServerSettings)


def settings_of(kind: type[SettingsT], url: str, folder: Path, **more: Any) -> SettingsT:
    """Return settings of one worker over mutual TLS, with the certificates of a folder, and a secret put there."""
    (folder / "secret").write_bytes(SECRET)
    usual = {
        "port": 0,
        "workers": 1,
        "database_url": url,
        "secret_file": folder / "secret",
        "tls_certificate": folder / "server.crt",
        "tls_key": folder / "server.key",
        "tls_authority": folder / "ca.crt",
        "log_level": "warning",
    }
    return kind.load(**{**usual, **more})


def serve(settings: ServerSettings, assembly: Assembly, port: int = 0) -> None:
    """Serve until killed, collecting garbage as rarely as a worker does; print the port, or "ready" if it was given.

    Args:
        settings: of the server.
        assembly: what it serves.
        port: to be shared with other processes; 0: any free one.
    """
    bound = Server(settings, assembly).start(port)
    collect_rarely()
    print("ready" if port else bound, flush=True)
    threading.Event().wait()
