"""The gRPC server of one worker: synchronous, few threads, drained before it ends."""

import contextlib
import ipaddress
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from kruispunt_server.assembly import Assembly, Servicer
from kruispunt_server.boundary import handler_for
from kruispunt_server.credentials import ReloadingCredentials, TlsFiles
from kruispunt_server.edge import Edge
from kruispunt_server.fair_pool import CallPool
from kruispunt_server.health import SERVICE_NAME as HEALTH
from kruispunt_server.health import Health
from kruispunt_server.reflection import reflection_handlers
from kruispunt_server.settings import ServerSettings
from kruispunt_server.shedding import Shedding
from kruispunt_server.unknown_methods import UnknownMethods

_HARD_LIMIT = 1000
_BESIDE_THREADS = 4  # health and reflection: they answer although all other threads are busy


class Server:
    """One worker's server.

    Args:
        settings: of the operator.
        assembly: what to serve.
    """

    def __init__(self, settings: ServerSettings, assembly: Assembly) -> None:
        self._settings = settings
        self._assembly = assembly
        edge = assembly.parts.edge
        services = [*assembly.servicers, *_rehearsing(edge)]
        names = [servicer.service.full_name for servicer in services]
        self.health = Health(
            names,
            assembly.parts.database.probe,
            settings.probe_interval_s,
            edge.events,
            self._sample,
            assembly.all_conditions(),
        )
        beside = ThreadPoolExecutor(_BESIDE_THREADS, thread_name_prefix="beside")
        share = max(1, settings.max_waiting // 2)
        pool = CallPool(settings.threads, share=share, thread_name_prefix="call")
        handlers = [
            Shedding(pool, settings.max_waiting, edge),
            *(handler_for(one.service, one.servicer, one.policies, edge) for one in services),
            self.health.handler(beside),
            *reflection_handlers([*names, HEALTH], ThreadPoolExecutor(2, thread_name_prefix="reflection")),
            UnknownMethods(edge),
        ]
        # Only a bound of memory: Shedding refuses long before, and says why.
        # After a restart all watchers come back at once, and wait for the few threads that let them in.
        most = _HARD_LIMIT + 2 * settings.max_waiting + _watches(assembly)
        self._pool = pool
        self._server = grpc.server(
            pool,  # type: ignore[arg-type]  # any executor will do
            handlers=handlers,
            options=server_options(settings, most),
            maximum_concurrent_rpcs=most,
        )

    def _sample(self) -> None:
        """Sample what is not counted call by call."""
        edge = self._assembly.parts.edge
        if edge.metrics is not None:
            edge.metrics.set_running(edge.running.count())
            for hub in self._assembly.hubs:
                edge.metrics.set_stuck(hub.name, stuck=hub.is_stuck())
            reads = self._assembly.parts.reads
            for name, seconds in reads.behind_s().items() if reads is not None else ():
                edge.metrics.set_standby_behind(name, seconds)
            for sample in self._assembly.sampling:
                with contextlib.suppress(Exception):  # the probe says that the database is away
                    sample()

    def start(self, port: int) -> int:
        """Listen, probe, and serve; returns the port.

        Raises:
            CredentialsError: the certificate files cannot be used.
            RuntimeError: the port cannot be had.
        """
        settings = self._settings
        host = f"[{settings.host}]" if ipaddress.ip_address(settings.host).version == 6 else settings.host
        if settings.plaintext_participant is not None:
            bound = self._server.add_insecure_port(f"{host}:{port}")
        else:
            credentials = ReloadingCredentials(_tls_files(settings), self._assembly.parts.edge.events)
            bound = self._server.add_secure_port(f"{host}:{port}", credentials.server_credentials())
        self._assembly.start()
        self.health.start()
        self._server.start()
        return bound

    def drain(self) -> int:
        """Stop without failing a call: say so, wait, take no more, let the running ones end, close.

        Returns:
            How many calls had to be abandoned: their time was over.
        """
        running = self._assembly.parts.edge.running
        self.health.leave()
        time.sleep(self._settings.lame_duck_s)
        self._assembly.stop_watches()
        self._server.stop(self._settings.drain_s).wait()
        # stop() does not wait for the threads of calls that it cut off; they still use the database.
        running.wait_none(self._settings.statement_timeout_s)
        abandoned = running.count()
        self._pool.shutdown(wait=False)
        self._assembly.close()
        return abandoned


def _rehearsing(edge: Edge) -> list[Servicer]:
    """Return the service of a registry that rehearses; elsewhere there is none."""
    if edge.listener is None:
        return []
    from kruispunt_server.rehearsal.servicer import rehearsal_servicer

    return [rehearsal_servicer(edge.listener)]


def _watches(assembly: Assembly) -> int:
    """Return how many watches may be open."""
    policies = [policy for one in assembly.servicers for policy in one.policies.values()]
    return sum(policy.max_streams or 0 for policy in policies if policy.watch)


def _tls_files(settings: ServerSettings) -> TlsFiles:
    certificate, key, authority = settings.tls_certificate, settings.tls_key, settings.tls_authority
    assert certificate is not None, "the settings were checked"
    assert key is not None, "the settings were checked"
    assert authority is not None, "the settings were checked"
    return TlsFiles(certificate, key, authority)


def server_options(settings: ServerSettings, most: int) -> list[tuple[str, Any]]:
    """Return the options of gRPC's core.

    Args:
        settings: of the operator.
        most: calls at once.
    """
    return [
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_metadata_size", 16 << 10),
        ("grpc.max_concurrent_streams", 1000),
        # Of calls that arrived and that Python has not taken yet, the core drops some from 1,000 on, at random and
        # with a bare CANCELLED. When all watchers come back at once, that many wait.
        ("grpc.server.max_pending_requests", most),
        ("grpc.server.max_pending_requests_hard_limit", most),
        # A client may ping every 10 s; it is asked to do so every 60 s at most.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.max_connection_idle_ms", 15 * 60_000),
        ("grpc.max_connection_age_ms", int(settings.max_connection_age_s * 1000)),
        # Age is for spreading connections: it cuts off no stream.
        ("grpc.max_connection_age_grace_ms", int(settings.stream_deadline_s * 1000)),
    ]
