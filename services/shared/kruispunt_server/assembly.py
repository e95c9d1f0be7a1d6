"""What both servers are made of before they have services: database, journal, keys, participants, edge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from google.protobuf.descriptor import ServiceDescriptor

from kruispunt_server import migrate
from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.store import RightsStore
from kruispunt_server.audit.granting import refuse_too_much
from kruispunt_server.caller import Callers
from kruispunt_server.changes import ChangeLog
from kruispunt_server.clock import Clock, SystemClock
from kruispunt_server.database import Database
from kruispunt_server.edge import Deadlines, Edge, Policy
from kruispunt_server.events import Events
from kruispunt_server.journal import AccessJournal
from kruispunt_server.keys import Keys, Pseudonyms
from kruispunt_server.lease import Lease
from kruispunt_server.postgres_checks import Load
from kruispunt_server.quotas.enforcing import Quotas
from kruispunt_server.quotas.memory import QuotaMemory
from kruispunt_server.quotas.wiring import alarm_of, quotas_of
from kruispunt_server.refusals import Refusals
from kruispunt_server.sealing.heads import HeadStore
from kruispunt_server.sealing.seal_keys import SealKeys
from kruispunt_server.sealing.sealer import Sealer
from kruispunt_server.sealing.worker import LEASE as SEALER_LEASE
from kruispunt_server.sealing.worker import SealingThread
from kruispunt_server.settings import ServerSettings
from kruispunt_server.standbys.reads import HEALTH_NAME as STANDBYS_NAME
from kruispunt_server.standbys.reads import Reads
from kruispunt_server.standbys.wiring import reads_of
from kruispunt_server.subject_keys import SubjectKeys
from kruispunt_server.tables import SharedTables
from kruispunt_server.tokens import PageTokens
from kruispunt_server.writes import Writes

if TYPE_CHECKING:
    from kruispunt_server.bearer.tokens import BearerTokens
    from kruispunt_server.feeds.hub import Hub
    from kruispunt_server.metrics import Metrics
    from kruispunt_server.rehearsal.listening import Listener
    from kruispunt_server.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Telemetry:
    """How the server can be watched.

    Attributes:
        events: the log.
        metrics: none: nothing is counted.
        tracing: none: nothing is traced.
    """

    events: Events
    metrics: "Metrics | None" = None
    tracing: "Tracing | None" = None


@dataclass(frozen=True, slots=True)
class Servicer:
    """One service as it is put before the boundary.

    Attributes:
        service: from the generated module's DESCRIPTOR.
        servicer: a method per rpc.
        policies: one per rpc, by name.
        hub: tells the watchers of its feed; none: it has none.
    """

    service: ServiceDescriptor
    servicer: object
    policies: Mapping[str, Policy]
    hub: "Hub | None" = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What services are built from."""

    database: Database
    journal: AccessJournal
    writes: Writes
    pseudonyms: Pseudonyms
    changes: ChangeLog
    subject_keys: SubjectKeys
    heads: HeadStore
    sealer: Sealer
    sealing: SealingThread
    tokens: PageTokens
    rights: RightsBook
    clock: Clock
    edge: Edge
    quotas: Quotas
    bearer: "BearerTokens | None" = None
    reads: Reads | None = None

    @property
    def reading(self) -> Database:
        """The database for stores that only read, and whose reads a standby may answer."""
        return self.database if self.reads is None else self.reads.database


@dataclass(frozen=True, slots=True)
class Assembly:
    """A server, wired and not yet listening.

    Attributes:
        parts: what its services were built from.
        servicers: what it serves, health and reflection aside.
        opening: further steps of the beginning, before the first call.
        sampling: called after every probe of the database, to sample metrics.
        conditions: further names of health, each with what says whether it serves.
        closing: further steps of the end, after the last call and before journal and database close.
    """

    parts: Parts
    servicers: Sequence[Servicer]
    closing: Sequence[Callable[[], None]] = field(default_factory=tuple)
    opening: Sequence[Callable[[], None]] = field(default_factory=tuple)
    sampling: Sequence[Callable[[], None]] = field(default_factory=tuple)
    conditions: Mapping[str, Callable[[], bool]] = field(default_factory=dict)

    @property
    def hubs(self) -> "list[Hub]":
        """The hubs of its feeds."""
        return [one.hub for one in self.servicers if one.hub is not None]

    def all_conditions(self) -> Mapping[str, Callable[[], bool]]:
        """Return further names of health, those of the standbys among them."""
        reads = self.parts.reads
        return self.conditions if reads is None else {**self.conditions, STANDBYS_NAME: reads.all_serve}

    def start(self) -> None:
        """Begin what goes on beside the calls: sealing, and telling watchers."""
        if self.parts.reads is not None:
            self.parts.reads.start()
        for hub in self.hubs:
            self.parts.sealing.listen(hub.wake)
            hub.start()
        self.parts.sealing.start()
        if self.parts.bearer is not None:
            self.parts.bearer.keys.start()
        for step in self.opening:
            step()

    def stop_watches(self) -> None:
        """End all watches, so that their readers go elsewhere."""
        for hub in self.hubs:
            hub.stop()

    def close(self) -> None:
        """Close everything, in the order in which it is no longer needed."""
        for step in self.closing:
            step()
        if self.parts.bearer is not None:
            self.parts.bearer.close()
        if self.parts.edge.refusals is not None:
            self.parts.edge.refusals.close()
        self.parts.journal.close()
        self.parts.sealing.stop()
        if self.parts.reads is not None:
            self.parts.reads.stop()
        self.parts.database.close()


def open_parts(
    settings: ServerSettings, tables: SharedTables, telemetry: Telemetry, *, clock: Clock | None = None
) -> Parts:
    """Open the database, refuse it on the wrong revision, and build on it what every server needs.

    Raises:
        RegistryError: the database cannot be reached.
        MigrationError: it is not at the head.
        UnsafeDatabaseError: it may lose what it acknowledged, lets the server rewrite the journal, or cannot carry it.
        SealKeyError: the file of seal keys cannot be used.
    """
    clock = clock or SystemClock()
    database = _opened(settings, tables)
    keys = Keys(settings.secret())
    pseudonyms = Pseudonyms(keys.derive("pseudonym"))
    subject_keys = SubjectKeys(database, tables, keys.derive("subject-key"), clock)
    heads = HeadStore(tables, settings.service, SealKeys(keys.derive("seal"), settings.seal_key_file), clock)
    sealed = telemetry.metrics.sealed if telemetry.metrics is not None else None
    sealer = Sealer(database, tables, heads, sealed=sealed)
    flushed = telemetry.metrics.flushed if telemetry.metrics is not None else None
    journal = AccessJournal(database, tables, pseudonyms, clock, flushed=flushed)
    rights = RightsBook(RightsStore(database, tables), clock)
    bearer = _bearer(settings, telemetry.events)
    reads = reads_of(settings, database, tables, keys, clock, telemetry.events, telemetry.metrics)
    memory = QuotaMemory.inherited()
    quotas = quotas_of(settings, memory, rights, telemetry.events, telemetry.metrics)
    edge = replace(
        _edge(settings, telemetry, rights, journal, clock),
        bearer=bearer,
        reads=reads,
        quotas=quotas,
        alarm=alarm_of(settings, memory, telemetry.events, telemetry.metrics),
    )
    return Parts(
        database=database,
        journal=journal,
        writes=Writes(database, tables, clock),
        pseudonyms=pseudonyms,
        changes=ChangeLog(tables, pseudonyms, subject_keys),
        subject_keys=subject_keys,
        heads=heads,
        sealer=sealer,
        sealing=SealingThread(
            sealer,
            Lease(database, tables, SEALER_LEASE, clock),
            interval_s=settings.seal_interval_s,
            heads_file=settings.heads_file,
            heads=heads,
            database=database,
            events=telemetry.events,
        ),
        tokens=PageTokens(keys.derive("page-token")),
        rights=rights,
        clock=clock,
        edge=edge,
        quotas=quotas,
        bearer=bearer,
        reads=reads,
    )


def _opened(settings: ServerSettings, tables: SharedTables) -> Database:
    """Open the database, or raise and leave it closed."""
    database = Database.open(
        settings.database_url,
        pool_size=settings.database_connections,
        busy_timeout_s=settings.busy_timeout_s,
        statement_timeout_s=settings.statement_timeout_s,
    )
    try:
        database.refuse_unfit(
            Load(settings.database_sharers, settings.workers, settings.database_connections)
        )
        migrate.check_head(database, settings.service)
        refuse_too_much(database, tables)
    except BaseException:
        database.close()
        raise
    return database


def _edge(
    settings: ServerSettings,
    telemetry: Telemetry,
    rights: RightsBook,
    journal: AccessJournal,
    clock: Clock,
) -> Edge:
    callers = Callers(rights, settings.plaintext_participant)
    return Edge(
        callers=callers,
        rights=rights,
        journal=journal,
        clock=clock,
        events=telemetry.events,
        deadlines=Deadlines(
            settings.default_deadline_s,
            settings.longest_deadline_s,
            settings.stream_deadline_s,
            settings.stream_idle_s,
        ),
        metrics=telemetry.metrics,
        tracing=telemetry.tracing,
        listener=_listener(settings, telemetry.events, callers, clock),
        refusals=Refusals(telemetry.events),
    )


def _listener(settings: ServerSettings, events: Events, callers: Callers, clock: Clock) -> "Listener | None":
    """Return what hears how clients behave; none unless the registry rehearses."""
    if not settings.rehearsal:
        return None
    from kruispunt_server.rehearsal.listening import Listener
    from kruispunt_server.rehearsal.notebook import Notebook

    events.emit("rehearsal_on")
    return Listener(Notebook(clock), callers)


def _bearer(settings: ServerSettings, events: Events) -> "BearerTokens | None":
    if settings.oidc_issuer is None:
        return None
    from kruispunt_server.bearer.wiring import bearer_tokens_of

    return bearer_tokens_of(settings, settings.oidc_issuer, events)
