"""Faults on demand: what a registry and the way to it can do to a caller."""

import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypedDict, Unpack

from kruispunt_server.edge import MethodClass
from kruispunt_server.errors import Reason, RegistryError

OWN: Final = frozenset({"identity-service", "directory-service"})
"""The registry's own participants; a fault is theirs only if it names them."""


class FaultKind(enum.StrEnum):
    """What goes wrong."""

    UNAVAILABLE = "unavailable"
    SLOW = "slow"
    QUOTA = "quota"
    DENIED = "denied"


@dataclass(slots=True)
class Fault:
    """What goes wrong with which calls.

    Attributes:
        kind: what.
        method: "RegisterDossier", "DossierService/RegisterDossier" or "DossierService/*"; none: every method.
        participant: whose calls; none: those of every participant but the registry's own.
        times: how often still; none: until it is cleared.
        seconds: UNAVAILABLE and QUOTA: after which a repetition may succeed, as the caller is told; SLOW: how late the
            call is taken up.
    """

    kind: FaultKind
    method: str | None = None
    participant: str | None = None
    times: int | None = 1
    seconds: float = 0.05

    def meets(self, method: str, participant: str) -> bool:
        """Whether a call runs into it."""
        service, _, name = method.partition("/")
        concerned = self.participant == participant if self.participant else participant not in OWN
        return concerned and self.method in (None, method, name, f"{service}/*")


class Met(TypedDict, total=False):
    """Which calls meet a fault, and how often: `method`, `participant` and `times` of `Fault`."""

    method: str | None
    participant: str | None
    times: int | None


class Faults:
    """The faults that wait; each call meets at most one, the oldest that is meant for it."""

    def __init__(self, restart: Callable[[], None], forget: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._cleared = threading.Event()
        self._restart = restart
        self._forget = forget

    def unavailable(self, *, retry_after_s: float = 0.05, **met: Unpack[Met]) -> Fault:
        """Refuse calls with UNAVAILABLE / STORE_UNAVAILABLE; the client repeats four times by itself."""
        return self.add(Fault(FaultKind.UNAVAILABLE, seconds=retry_after_s, **met))

    def slow(self, seconds: float, **met: Unpack[Met]) -> Fault:
        """Take calls up late; who has a shorter deadline gets DEADLINE_EXCEEDED, and nothing changed."""
        return self.add(Fault(FaultKind.SLOW, seconds=seconds, **met))

    def quota(self, *, retry_after_s: float = 0.05, **met: Unpack[Met]) -> Fault:
        """Refuse calls with RESOURCE_EXHAUSTED / QUOTA_EXHAUSTED."""
        return self.add(Fault(FaultKind.QUOTA, seconds=retry_after_s, **met))

    def denied(self, **met: Unpack[Met]) -> Fault:
        """Refuse calls with PERMISSION_DENIED / GRANT_MISSING, as if no grant covered them."""
        return self.add(Fault(FaultKind.DENIED, **met))

    def restart_feeds(self) -> None:
        """Break every watch off, as a server does that is killed: readers go on from where they stand."""
        self._restart()

    def forget_feeds(self) -> None:
        """Break every watch off and keep nothing of what was told: who resumes gets OUT_OF_RANGE / POSITION_TOO_OLD."""
        self._forget()
        self._restart()

    def add(self, fault: Fault) -> Fault:
        """Let a fault wait for calls; returns it."""
        with self._lock:
            self._waiting.append(fault)
            self._cleared = threading.Event()
        return fault

    def clear(self) -> None:
        """Let nothing go wrong any more; calls that are held up are taken up at once."""
        with self._lock:
            self._waiting.clear()
            self._cleared.set()

    def waiting(self) -> list[Fault]:
        """Return the faults that no call, or not enough calls, have met."""
        with self._lock:
            return list(self._waiting)

    def meet(self, method: str, participant: str, kind: MethodClass, left_s: float) -> None:
        """Let a call run into the fault that waits for it, if there is one.

        Args:
            method: short name.
            participant: who calls.
            kind: by which calls of the method are counted.
            left_s: until the caller gives up.

        Raises:
            RegistryError: the fault is a refusal.
        """
        with self._lock:
            fault = next((each for each in self._waiting if each.meets(method, participant)), None)
            cleared = self._cleared
            if fault is None:
                return
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
        if fault.kind is FaultKind.SLOW:
            cleared.wait(min(fault.seconds, left_s))
            return
        raise _refusal(fault, kind)


def _refusal(fault: Fault, kind: MethodClass) -> RegistryError:
    if fault.kind is FaultKind.UNAVAILABLE:
        return RegistryError(
            Reason.STORE_UNAVAILABLE, "the store cannot be used now", retry_after_s=fault.seconds
        )
    if fault.kind is FaultKind.QUOTA:
        return RegistryError(
            Reason.QUOTA_EXHAUSTED,
            "the participant's quota for calls of this kind is used up",
            metadata={"quota": kind.value},
            retry_after_s=fault.seconds,
        )
    return RegistryError(
        Reason.GRANT_MISSING,
        "no grant lets the participant call this method under this legal basis",
        field="kruispunt-legal-basis",
    )
