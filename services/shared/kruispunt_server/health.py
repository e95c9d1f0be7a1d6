"""grpc.health.v1: per service and for the server as a whole, as the database answers; further names as they say.

Open to whoever gets through TLS. Watch holds no thread.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import grpc
from grpc_health.v1 import health, health_pb2

from kruispunt_server import raw
from kruispunt_server.events import Events

SERVICE_NAME = health.SERVICE_NAME
_STATUS = health_pb2.HealthCheckResponse
_NONE: Mapping[str, Callable[[], bool]] = MappingProxyType({})


class Health:
    """Tells whether the server serves.

    Args:
        services: full names; the empty name, the server as a whole, is added.
        probe: raises if the database does not answer.
        interval_s: between two probes.
        events: gets every change of mind.
        beside: called after every probe; for sampled metrics.
        conditions: further names, each with what says after every probe whether it serves; one that raises does not.
    """

    def __init__(
        self,
        services: Iterable[str],
        probe: Callable[[], None],
        interval_s: float,
        events: Events,
        beside: Callable[[], None] = lambda: None,
        conditions: Mapping[str, Callable[[], bool]] = _NONE,
    ) -> None:
        self._names = ["", *services]
        self._conditions = conditions
        self._met: dict[str, bool] = {}
        self._probe = probe
        self._interval_s = interval_s
        self._events = events
        self._beside = beside
        self._servicer = health.HealthServicer(experimental_non_blocking=True)
        self._serving: bool | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="health", daemon=True)
        self._set(self._names, serving=False)
        self._set(self._conditions, serving=False)

    def handler(self, pool: ThreadPoolExecutor) -> grpc.GenericRpcHandler:
        """Return the handler; its calls run on `pool`, so that a busy server still says that it lives."""
        from_bytes = health_pb2.HealthCheckRequest.FromString
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "Check": raw.unary(self._servicer.Check, from_bytes, pool),
                "List": raw.unary(self._list, health_pb2.HealthListRequest.FromString, pool),
                "Watch": raw.non_blocking(self._servicer.Watch, from_bytes, pool),
            },
        )

    def _list(self, _request: object, context: grpc.ServicerContext) -> health_pb2.HealthListResponse:
        check, ask = self._servicer.Check, health_pb2.HealthCheckRequest
        return health_pb2.HealthListResponse(
            statuses={name: check(ask(service=name), context) for name in (*self._names, *self._conditions)}
        )

    def start(self) -> None:
        """Probe once now, then go on in a thread."""
        self.probe_once()
        self._thread.start()

    def probe_once(self) -> None:
        """Ask the database and tell what it said."""
        try:
            self._probe()
        except Exception as error:  # noqa: BLE001 - whatever it is, the database does not answer
            self._change(serving=False, exception=type(error).__name__)
        else:
            self._change(serving=True, exception=None)
        for name in self._conditions:
            self._judge(name)

    def leave(self) -> None:
        """Tell NOT_SERVING for good: the server drains."""
        self._end.set()
        self._servicer.enter_graceful_shutdown()
        if self._thread.is_alive():
            self._thread.join(self._interval_s + 10)

    def _watch(self) -> None:
        while not self._end.wait(self._interval_s):
            self.probe_once()
            self._beside()

    def _change(self, *, serving: bool, exception: str | None) -> None:
        if serving == self._serving or self._end.is_set():
            return
        self._set(self._names, serving=serving)
        if self._serving is not None or not serving:
            self._events.emit("health_changed", serving=serving, exception=exception)
        self._serving = serving

    def _judge(self, name: str) -> None:
        """Tell whether a further name serves; never while the database does not answer."""
        met, exception = False, None
        if self._serving:
            try:
                met = self._conditions[name]()
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows
                exception = type(error).__name__
        before = self._met.get(name)
        if met == before or self._end.is_set():
            return
        self._set([name], serving=met)
        if before is not None or not met:
            self._events.emit("condition_changed", condition=name, serving=met, exception=exception)
        self._met[name] = met

    def _set(self, names: Iterable[str], *, serving: bool) -> None:
        for name in names:
            self._servicer.set(name, _STATUS.SERVING if serving else _STATUS.NOT_SERVING)
