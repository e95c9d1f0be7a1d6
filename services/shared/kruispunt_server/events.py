"""What the servers log: events from one table, as lines of JSON on standard error.

An event has a name, a level and the fields that it may carry. There is no free text, so no exception
message, no number and no name of a person can get into a log by accident.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

Value = str | int | float | bool | list[str] | None


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the table.

    Attributes:
        level: "debug", "info", "warning" or "error".
        fields: names that it may carry.
        says: when it is written, for operators.
    """

    level: str
    fields: frozenset[str]
    says: str


def _event(level: str, says: str, *fields: str) -> Event:
    return Event(level, frozenset(fields), says)


EVENTS: Mapping[str, Event] = {
    "supervisor_started": _event("info", "The parent has reserved the port.", "address", "port", "workers"),
    "metrics_served": _event("info", "Prometheus can ask.", "address", "port"),
    "supervisor_stopping": _event("info", "The parent was asked to stop.", "signal"),
    "supervisor_stopped": _event("info", "All workers have ended.", "exit_code"),
    "worker_died": _event("error", "A worker ended by itself; it is started again.", "worker", "exit_code", "backoff_s"),
    "worker_ready": _event("info", "A worker serves.", "worker", "port", "workers"),
    "rehearsal_on": _event(
        "warning", "The registry keeps in memory how clients behave: right for a sandbox, and wrong where data is real."
    ),
    "worker_draining": _event("info", "A worker takes no new calls."),
    "worker_drained": _event("info", "A worker has answered all its calls.", "seconds", "abandoned"),
    "start_refused": _event("error", "The server does not start.", "faults"),
    "start_failed": _event("error", "A worker could not start; it is started again.", "exception", "frames"),
    "call_finished": _event(
        "debug",
        "A call was answered; `via` is the service of the registry that made it for the participant.",
        "method", "participant", "via", "status", "duration_ms",
    ),
    "call_refused": _event(
        "warning",
        "A caller was not let in; with the names in its certificate if it is not known which participant it is, or may not "
        "act for another, and the SHA-256 of a revoked one. Of one caller and reason every worker tells the first at once, "
        "and then every ten seconds how many there were (`count`), with the last of them.",
        "method", "participant", "via", "status", "reason", "uris", "certificate", "count",
    ),
    "token_refused": _event(
        "warning",
        "A bearer token was not accepted; which check failed stands here only: absent, form, size, crit, key, algorithm, "
        "signature, issuer, audience, claims, time, expired, not yet valid, institution, subject, confirmation, no keys yet. "
        "Of one participant and check every worker tells the first at once, and then every ten seconds how many (`count`).",
        "method", "participant", "check", "count",
    ),
    "token_keys_loaded": _event("info", "The keys of the issuer of bearer tokens were read anew."),
    "token_keys_unreadable": _event(
        "error", "The keys of the issuer of bearer tokens cannot be read; those that were read before stay.", "exception"
    ),
    "quota_exhausted": _event(
        "warning",
        "A participant asks more than its quota; at most once a minute for each participant and quota.",
        "participant", "quota", "method",
    ),
    "enumeration_suspected": _event(
        "warning",
        "A participant looked up more numbers in vain than is usual, as one does who tries numbers out; once a window.",
        "participant", "count", "window_s",
    ),
    "call_failed": _event(
        "error",
        "A fault of the registry; the caller got the incident id.",
        "method", "participant", "incident", "exception", "frames",
    ),
    "health_changed": _event("warning", "The database probe changed its mind.", "serving", "exception"),
    "condition_changed": _event(
        "warning",
        "A further name of health, such as `kruispunt.directory.following`, changed its mind.",
        "condition", "serving", "exception",
    ),
    "standby_changed": _event(
        "warning",
        "A standby can be read by now, or no more: not reached, no standby, of another database, not on the timeline of the "
        "primary, far behind, gone back.",
        "standby", "serving", "why",
    ),
    "certificate_loaded": _event("info", "Certificate, key or authority were read anew.", "loads"),
    "certificate_unreadable": _event(
        "error", "New certificate files cannot be used; the old ones stay.", "exception"
    ),
    "sealing_failed": _event("error", "The logs cannot be sealed now; it is tried again every second.", "exception"),
    "feed_failed": _event("error", "A feed cannot be read now; nobody advances, it is tried again every second.", "exception"),
    "feed_stuck": _event(
        "error",
        "A record of the change log was altered and cannot be decrypted; readers before it wait, it is tried again every second.",
        "feed", "position",
    ),
    "following_failed": _event("error", "The registers cannot be followed now; it is tried again, at most every 10 s.", "exception", "reason"),
    "following_refused": _event(
        "error", "Identity does not take the position of the directory, which stops following until an operator decides.", "reason"
    ),
    "following_gap": _event(
        "warning", "Identity no longer keeps what follows the position: the directory begins with a snapshot.", "reason", "until"
    ),
    "change_unreadable": _event(
        "warning",
        "A person was erased from identity's journal before the directory had followed; a snapshot makes up for it by itself.",
        "position",
    ),
    "snapshot_applied": _event("info", "The numbers of the directory are in line with a snapshot of identity."),
    "dossiers_undecided": _event(
        "warning", "A split left days with the remaining number for want of a better reason; the journal says which.", "spans"
    ),
    "protected_person_looked_at": _event(
        "warning",
        "A call looked at protected persons: how many, and whether it was shown more than the mark.",
        "method", "participant", "persons", "shown",
    ),
    "library_spoke": _event("warning", "A library logged something; its text is not kept.", "logger", "severity", "exception"),
}  # fmt: skip


class UndeclaredEventError(ValueError):
    """An event or a field that the table does not have."""


class Events:
    """Writes events.

    Args:
        service: "directory" or "identity"; stands on every line.
        level: lowest level written.
        strict: True in tests: an undeclared event or field raises. False: the field is dropped.
        stream: where the lines go.
    """

    def __init__(
        self, service: str = "", *, level: str = "info", strict: bool = False, stream: TextIO | None = None
    ) -> None:
        import structlog  # late: a process that logs otherwise needs it not

        self._service = service
        self._threshold = _severity(level)
        self._strict = strict
        self._logger = structlog.wrap_logger(
            structlog.PrintLogger(stream or sys.stderr),
            processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.JSONRenderer()],
            wrapper_class=structlog.BoundLogger,
        )  # fmt: skip
        self.trace_id: Callable[[], str | None] = lambda: None

    def emit(self, name: str, /, **fields: Value) -> None:
        """Write one event.

        Raises:
            UndeclaredEventError: only if strict.
        """
        event = EVENTS.get(name)
        if event is None:
            if self._strict:
                raise UndeclaredEventError(name)
            return
        if self._strict and not event.fields >= fields.keys():
            raise UndeclaredEventError(f"{name}: {sorted(fields.keys() - event.fields)}")
        if _severity(event.level) < self._threshold:
            return
        line: dict[str, Any] = {"level": event.level, "service": self._service}
        line.update((key, value) for key, value in fields.items() if key in event.fields)
        trace_id = self.trace_id()
        if trace_id is not None:
            line["trace_id"] = trace_id
        self._logger.msg(name, **line)

    def wants(self, name: str) -> bool:
        """Whether an event would be written at the level set."""
        return _severity(EVENTS[name].level) >= self._threshold

    def adopt_logging(self) -> None:
        """Send what libraries log through the table: logger, level and exception type, never their text."""
        root = logging.getLogger()
        root.handlers[:] = [_Silencer(self)]
        root.setLevel(logging.WARNING)


def frames_of(error: BaseException) -> list[str]:
    """Return where an exception came from, outermost first: "file:line function", without any value."""
    return [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__, limit=-30)
    ]


def _severity(level: str) -> int:
    return ("debug", "info", "warning", "error").index(level)


class _Silencer(logging.Handler):
    def __init__(self, events: Events) -> None:
        super().__init__(logging.WARNING)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        self._events.emit(
            "library_spoke",
            logger=record.name,
            severity=record.levelname,
            exception=kind.__name__ if kind else None,
        )
