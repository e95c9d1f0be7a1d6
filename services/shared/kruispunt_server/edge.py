"""What every method of a server shares, and what one method asks of its callers."""

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from kruispunt_server.call import Call, Participant, Right, Role
from kruispunt_server.caller import Callers
from kruispunt_server.clock import Clock
from kruispunt_server.events import Events
from kruispunt_server.refusals import Refusals
from kruispunt_server.running import Running

if TYPE_CHECKING:  # not paid for by a server that neither counts nor traces
    from kruispunt_server.bearer.tokens import BearerTokens
    from kruispunt_server.metrics import Metrics
    from kruispunt_server.rehearsal.listening import Listener
    from kruispunt_server.standbys.reads import Reads
    from kruispunt_server.tracing import Tracing

NO_DEADLINE_S: Final = 1e9
"""So far away lies a deadline for gRPC that the caller did not state."""


class Journal(Protocol):
    """Keeps who looked at whom."""

    def commit(self, call: Call) -> None:
        """Write `call.looks` durably and empty it; raises RegistryError if it cannot."""
        ...


class Deciding(Protocol):
    """Knows what participants may."""

    def right_of(self, participant: Participant, method: str, legal_basis: str) -> Right:
        """Return what a participant may today by a method, such as "IdentityService/GetPerson"; raises RegistryError if nothing."""
        ...


class MethodClass(enum.StrEnum):
    """Kinds of methods, by which quotas are counted."""

    READS = "reads"
    SEARCHES = "searches"
    WRITES = "writes"
    BULK = "bulk"


class Spending(Protocol):
    """Knows how much participants may ask."""

    def spend(self, call: Call, kind: MethodClass) -> None:
        """Count a call that is otherwise let in; raises RegistryError if it is one too many."""
        ...


class Watching(Protocol):
    """Counts look-ups that missed."""

    def count(self, participant: Participant, misses: int) -> None:
        """Count look-ups of a participant that found nobody, or nobody that it may know."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """What a method asks of its callers.

    Attributes:
        roles: any one of them suffices; empty: every participant may call.
        personal: it touches personal data: a purpose is mandatory and answers are journalled.
        max_streams: streams of this method at once in one process, of one participant half as many, at least
            one; mandatory for streaming methods.
        look_required: every request names a person, so an answer that no look was noted for is a fault
            (fail closed). False for lists that may be empty, such as "what is stale at my institution".
            Not asked of streams, whose chunk may hold malformed numbers only.
        data_group: without which the method makes no sense: a grant that lacks it is none; empty: the answer
            is narrowed to the groups of the grant.
        kind: by which its calls are counted.
        purpose: a purpose is mandatory although nobody's data is touched: the change log keeps who did it, and why.
        standby: it only reads, and a standby may answer where the caller allows.
        watch: the method is a stream that goes on telling and holds no thread: the servicer's method takes an
            `Outlet` too, and returns when the watch is open.
    """

    roles: frozenset[Role] = frozenset()
    personal: bool = False
    max_streams: int | None = None
    look_required: bool = True
    watch: bool = False
    data_group: str = ""
    kind: MethodClass = MethodClass.READS
    standby: bool = False
    purpose: bool = False

    @property
    def asks_purpose(self) -> bool:
        """Whether a call has to say why."""
        return self.personal or self.purpose


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a call may take, in seconds.

    Attributes:
        default_s: for unary calls that state no deadline.
        longest_s: at most, for unary calls.
        stream_s: at most, for streams; also their default.
        idle_s: how long a stream may wait for its caller at a stretch.
    """

    default_s: float = 10.0
    longest_s: float = 60.0
    stream_s: float = 3600.0
    idle_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Edge:
    """What every method of a server shares.

    Attributes:
        callers: finds who calls.
        rights: knows what they may.
        journal: keeps who looked at whom.
        clock: says when a call came in.
        events: where faults and refusals are logged.
        deadlines: bounds of the duration.
        running: counts the calls being served, for the drain.
        metrics: none: not counted.
        tracing: none: not traced, at no cost.
        bearer: checks bearer tokens; none: they are not looked at.
        quotas: none: nobody is bounded.
        alarm: counts look-ups that missed; none: they are not counted.
        listener: hears how clients behave, in a registry that rehearses; none: nothing is heard, at no cost.
        refusals: tells who was not let in; none: nobody is told.
        reads: sends reads to standbys; none: there are none.
    """

    callers: Callers
    rights: Deciding
    journal: Journal
    clock: Clock
    events: Events = field(default_factory=Events)
    deadlines: Deadlines = Deadlines()
    running: Running = field(default_factory=Running)
    metrics: "Metrics | None" = None
    tracing: "Tracing | None" = None
    bearer: "BearerTokens | None" = None
    quotas: Spending | None = None
    alarm: Watching | None = None
    listener: "Listener | None" = None
    refusals: Refusals | None = None
    reads: "Reads | None" = None
