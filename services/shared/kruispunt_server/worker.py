"""One worker process: wires a service, serves until asked to stop, drains, ends."""

import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable

from kruispunt_server.assembly import Assembly, Telemetry
from kruispunt_server.credentials import CredentialsError
from kruispunt_server.database import UnsafeDatabaseError
from kruispunt_server.events import Events, frames_of
from kruispunt_server.migrate import MigrationError
from kruispunt_server.sealing.seal_keys import SealKeyError
from kruispunt_server.server import Server
from kruispunt_server.settings import ServerSettings
from kruispunt_server.stopping import StopSignal
from kruispunt_server.supervisor import REFUSED

Wire = Callable[[ServerSettings, Telemetry], Assembly]

_PR_SET_PDEATHSIG = 1
_COLLECT_AFTER = 20_000  # objects: a collection of so many young ones takes a millisecond or two


def run_worker(settings: ServerSettings, wire: Wire, port: int) -> int:
    """Serve on `port` until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 after a clean drain, 78 if starting again would change nothing, else 1.
    """
    stop = StopSignal()
    _end_with_parent()
    telemetry = telemetry_of(settings)
    events = telemetry.events
    try:
        server = Server(settings, wire(settings, telemetry))
        bound = server.start(port)
        collect_rarely()
    except (MigrationError, UnsafeDatabaseError, CredentialsError, SealKeyError) as error:
        events.emit("start_refused", faults=[str(error)])
        return 1 if getattr(error, "passing", False) else REFUSED
    except Exception as error:  # noqa: BLE001 - its text may hold anything
        events.emit("start_failed", exception=type(error).__name__, frames=frames_of(error))
        return 1
    events.emit("worker_ready", worker=os.getpid(), port=bound)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not stop.wait():
        pass
    events.emit("worker_draining")
    began = time.monotonic()
    abandoned = server.drain()
    if telemetry.tracing is not None:
        telemetry.tracing.flush()
    events.emit("worker_drained", seconds=round(time.monotonic() - began, 3), abandoned=abandoned)
    if abandoned:  # their threads would keep the process alive
        os._exit(0)
    return 0


def telemetry_of(settings: ServerSettings) -> Telemetry:
    """Return events, and metrics and traces where the settings ask for them."""
    events = Events(settings.service, level=settings.log_level, strict=settings.strict_events)
    events.adopt_logging()
    metrics = tracing = None
    if settings.metrics_port is not None:
        from kruispunt_server.metrics import Metrics

        metrics = Metrics()
    if settings.otlp_endpoint is not None:
        from kruispunt_server.tracing import Tracing

        tracing = Tracing.over_otlp(settings.service, settings.otlp_endpoint)
        events.trace_id = tracing.current_trace_id
    return Telemetry(events, metrics, tracing)


def collect_rarely() -> None:
    """Let the garbage collector look past what the start made, and not come at every 700th object.

    Nothing of ours needs it often: rows and messages refer to each other in one direction. A request with thousands
    of rows spent a fifth of its time in collections that found nothing (docs/performance.md, I1).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


def _end_with_parent() -> None:
    """Be asked to stop when the parent is gone, killed or not. Linux only; elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
