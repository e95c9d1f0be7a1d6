"""The parent: reserves the port, starts workers by exec, starts again who died, ends with all of them.

It never imports grpc, whose threads do not survive a fork.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kruispunt_server.events import Events
from kruispunt_server.stopping import StopSignal

REFUSED = 78  # EX_CONFIG: starting again would change nothing
_TICK_S = 0.1
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 10.0
_PROVEN_S = 30.0  # who lived that long died of something new


@dataclass(slots=True)
class _Worker:
    number: int
    process: subprocess.Popen[bytes]
    started: float
    backoff_s: float
    ready: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class _Vacancy:
    number: int
    due: float
    backoff_s: float


class Supervisor:
    """Keeps workers running.

    Args:
        command: what a worker executes; `--port N` is added.
        host: IP address to listen on.
        port: 0: any free one.
        workers: how many.
        events: the log.
        ready_file: written when all workers are ready: `host:port`.
        greet: called with number and process id of every worker that began.
        forget: called with the process id of every worker that ended.
        environment: of the workers.
        inherited: descriptors of files that they get, beside the standard ones.
        patience_s: how long they may drain before they are killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        host: str,
        port: int,
        workers: int,
        events: Events,
        ready_file: Path | None = None,
        greet: Callable[[int, int], None] = lambda _number, _process_id: None,
        forget: Callable[[int], None] = lambda _process_id: None,
        environment: dict[str, str] | None = None,
        inherited: Sequence[int] = (),
        patience_s: float = 60.0,
    ) -> None:
        self._command = list(command)
        self._host = host
        self._reserved = _reserve(host, port)
        self.port: int = self._reserved.getsockname()[1]
        self._count = workers
        self._events = events
        self._ready_file = ready_file
        self._greet = greet
        self._forget = forget
        self._environment = environment
        self._inherited = tuple(inherited)
        self._patience_s = patience_s
        self._workers: list[_Worker] = []
        self._vacancies: list[_Vacancy] = []
        self._announced = False
        self._ready_stamp: int | None = None

    def run(self) -> int:
        """Run until asked to stop by SIGTERM or SIGINT; returns the exit code.

        Returns:
            0 after a clean drain, 78 if the workers refuse to start, else that of the worst worker.
        """
        stop = StopSignal()
        self._events.emit("supervisor_started", address=self._host, port=self.port, workers=self._count)
        for number in range(self._count):
            self._start(number, _FIRST_BACKOFF_S)
        refused = False
        while not refused and not stop.wait(_TICK_S):
            refused = self._look_after()
        if stop.signum is not None:
            self._events.emit("supervisor_stopping", signal=signal.Signals(stop.signum).name)
        return self._end(REFUSED if refused else 0)

    def _start(self, number: int, backoff_s: float) -> None:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*self._command, "--port", str(self.port)],
            stdout=subprocess.PIPE,
            env=self._environment,
            pass_fds=self._inherited,
        )
        worker = _Worker(number, process, time.monotonic(), backoff_s)
        self._workers.append(worker)
        self._greet(number, process.pid)
        threading.Thread(target=_await_ready, args=(worker,), name="ready", daemon=True).start()

    def _look_after(self) -> bool:
        """Replace who died; returns whether there is no point in it."""
        now = time.monotonic()
        for worker in list(self._workers):
            code = worker.process.poll()
            if code is None:
                continue
            self._bury(worker)
            if code == REFUSED and not self._announced:
                return True
            lived_s = now - worker.started
            backoff_s = _FIRST_BACKOFF_S if lived_s > _PROVEN_S else worker.backoff_s
            self._events.emit("worker_died", worker=worker.number, exit_code=code, backoff_s=backoff_s)
            self._vacancies.append(_Vacancy(worker.number, now + backoff_s, backoff_s))
        for vacancy in [one for one in self._vacancies if one.due <= now]:
            self._vacancies.remove(vacancy)
            self._start(vacancy.number, min(vacancy.backoff_s * 2, _LONGEST_BACKOFF_S))
        if not self._announced and len(self._workers) == self._count:
            self._announce()
        return False

    def _announce(self) -> None:
        if not all(worker.ready.is_set() for worker in self._workers):
            return
        self._announced = True
        line = f"{self._host}:{self.port}\n"
        if self._ready_file is not None:
            draft = self._ready_file.with_name(f".{self._ready_file.name}.{os.getpid()}")
            draft.write_text(line, "utf-8")
            self._ready_stamp = draft.stat().st_ino
            draft.replace(self._ready_file)
        sys.stdout.write(f"ready {line}")
        sys.stdout.flush()

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        if worker.process.stdout is not None:
            worker.process.stdout.close()
        self._forget(worker.process.pid)

    def _end(self, code: int) -> int:
        for worker in self._workers:
            worker.process.send_signal(signal.SIGTERM)
        latest = time.monotonic() + self._patience_s
        for worker in list(self._workers):
            code = max(code, abs(_end_of(worker.process, latest)))
            self._bury(worker)
        self._reserved.close()
        # A successor on the same port may have written its own by now.
        path = self._ready_file
        if path is not None and path.exists() and path.stat().st_ino == self._ready_stamp:
            path.unlink(missing_ok=True)
        self._events.emit("supervisor_stopped", exit_code=code)
        return code


def _end_of(process: subprocess.Popen[bytes], latest: float) -> int:
    """Return the exit code of a worker that was asked to end; kill it if it does not until `latest`."""
    try:
        return process.wait(max(latest - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _await_ready(worker: _Worker) -> None:
    """Wait for the line that a worker writes when it serves, then drain what else it writes."""
    assert worker.process.stdout is not None, "started with a pipe"
    try:
        for line in worker.process.stdout:
            if line.startswith(b"ready"):
                worker.ready.set()
    except ValueError:  # closed: it has ended
        return


def _reserve(host: str, port: int) -> socket.socket:
    """Bind without listening: the port is ours, and no connection comes here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reserved = socket.socket(family, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((host, port))
    return reserved
