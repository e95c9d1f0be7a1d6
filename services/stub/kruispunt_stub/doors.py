"""Where participants call: a port of each service for each of them, on loopback; who calls is told by the port.

Without TLS nothing in a call says who makes it, and a header that does would be one that no registry takes. With
certificates there is one port of each service for all, as at a registry.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from kruispunt_server.access.book import RightsBook
from kruispunt_server.boundary import handler_for
from kruispunt_server.caller import Callers
from kruispunt_server.edge import Edge
from kruispunt_server.unknown_methods import UnknownMethods
from kruispunt_stub.calls import Calls
from kruispunt_stub.faults import Faults
from kruispunt_stub.parts import Parts, Service
from kruispunt_stub.recording import OpenWatches, Recorder

_THREADS: Final = 8
_HOST: Final = "127.0.0.1"
_GRACE_S: Final = 0.2
_ANYBODY: Final = "*"
"""Whose port it is where certificates say who calls."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Certificate and key of the stub, and the authority of its callers; PEM."""

    certificate: Path
    key: Path
    authority: Path

    def credentials(self) -> grpc.ServerCredentials:
        """Return what a port is opened with.

        Raises:
            OSError: one of them cannot be read.
        """
        pair = self.key.read_bytes(), self.certificate.read_bytes()
        return grpc.ssl_server_credentials([pair], self.authority.read_bytes(), require_client_auth=True)


class Doors:
    """The ports, each opened when it is first asked for.

    Args:
        parts: of both services.
        book: the rights.
        calls: where calls are noted.
        faults: that wait.
        watches: that are open.
        tls: none: a port for each participant.
    """

    def __init__(
        self,
        parts: Parts,
        book: RightsBook,
        calls: Calls,
        faults: Faults,
        watches: OpenWatches,
        tls: TlsFiles | None = None,
    ) -> None:
        self._parts = parts
        self._book = book
        self._calls = calls
        self._faults = faults
        self._watches = watches
        self._tls = tls
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], tuple[str, grpc.Server]] = {}

    def open(
        self, name: str, services: Sequence[Service], participant: str, port: int = 0, *, plain: bool = False
    ) -> str:
        """Return where a participant reaches a service, `host:port`.

        Args:
            name: of the server, "identity" or "directory".
            services: that it serves.
            participant: who calls there; without meaning where certificates say so.
            port: which one, when it is opened now; 0: any that is free.
            plain: a port of the participant's own without TLS in any case: the registry's, for itself.
        """
        key = name, participant if self._tls is None or plain else _ANYBODY
        with self._lock:
            if key not in self._open:
                self._open[key] = self._opened(services, key[1], port)
            return self._open[key][0]

    def _opened(self, services: Sequence[Service], participant: str, port: int) -> tuple[str, grpc.Server]:
        secured = participant == _ANYBODY
        callers = Callers(self._book, None if secured else participant)
        edge = Edge(
            callers=callers,
            rights=self._book,
            journal=self._parts.looks,
            clock=self._parts.clock,
            events=self._parts.events,
        )
        recorder = Recorder(callers, self._calls, self._faults, self._watches)
        handlers = [
            recorder.before(each, handler_for(each.descriptor, each.servicer, each.policies, edge))
            for each in services
        ]
        server = grpc.server(
            ThreadPoolExecutor(_THREADS, thread_name_prefix="stub"),
            handlers=[*handlers, UnknownMethods(edge)],
        )
        address = f"{_HOST}:{port}"
        tls = self._tls if secured else None
        bound = (
            server.add_insecure_port(address)
            if tls is None
            else server.add_secure_port(address, tls.credentials())
        )
        server.start()
        return f"{_HOST}:{bound}", server

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            stopping = [server.stop(_GRACE_S) for _, server in self._open.values()]
            self._open.clear()
        for each in stopping:
            each.wait()
