"""A registry in memory: identity and directory, as an institution's tests meet them."""

import datetime as dt
import functools
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from kruispunt import AsyncDirectoryClient, AsyncIdentityClient, DirectoryClient, IdentityClient
from kruispunt.access.v1 import participant_service_pb2
from kruispunt.persons import NumberChangeReason
from kruispunt.sandbox.population import SandboxPerson, population
from kruispunt.ssin import Ssin
from kruispunt.values import InstitutionRef, Purpose
from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.domain.knowledge import Entry
from kruispunt_directory.identity_client import IdentityRegister
from kruispunt_identity.directory_client import DirectoryHolders
from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.rights import Rights
from kruispunt_server.call import OPERATOR, Call, InstitutionKey, Participant
from kruispunt_server.ids import new_id
from kruispunt_server.tokens import PageTokens
from kruispunt_stub import rights as rights_module
from kruispunt_stub.calls import Calls
from kruispunt_stub.clock import FrozenClock
from kruispunt_stub.directory.wiring import wire_directory
from kruispunt_stub.doors import Doors, TlsFiles
from kruispunt_stub.events import StubEvents
from kruispunt_stub.faults import OWN, Faults
from kruispunt_stub.following import Following
from kruispunt_stub.identity.wiring import wire_identity
from kruispunt_stub.looks import Looks
from kruispunt_stub.parts import Parts, in_place_of_sql
from kruispunt_stub.recording import OpenWatches
from kruispunt_stub.seeding import SeededInstitution, SeededPerson, entry_of, seed

PURPOSE: Final = Purpose(legal_basis="SANDBOX", end_user="test", case="test")
"""What the clients state unless they are told otherwise; a legal basis of the sandbox's rights."""
REGISTRAR: Final = "registry-registrar"
_BEFORE: Final = dt.timedelta(days=30)

ClientT = TypeVar("ClientT", DirectoryClient, IdentityClient)
AnyClientT = TypeVar("AnyClientT", DirectoryClient, IdentityClient, AsyncDirectoryClient, AsyncIdentityClient)
RightsGiven = Rights | participant_service_pb2.Rights | Path | str | None


class Registry:
    """A registry in memory, on ports of its own on loopback.

    The rules are those of the servers, in their own code; only what they keep is kept in memory. Use it in `with`, or
    call `close`.

        with Registry(persons=[anna]) as registry:
            directory = registry.directory("institution-5-1")
            directory.register_dossier(anna.ssin, capacity=20, period=Period(date(2026, 1, 1)))
            assert [call.status for call in registry.calls.of("RegisterDossier")] == ["OK"]

    Args:
        persons: whom it knows, with their dossiers.
        institutions: beside those of the sandbox.
        people: so many persons of the sandbox's synthetic population besides; the same ones every time. Who had another
            number before is there twice, under each: `replace_number` makes one person of them.
        rights: a rights file or its path, or rights as ApplyRights takes them; left out: those of the sandbox.
        now: where the clock stands, zone-aware; left out: at the present. What is seeded was recorded 30 days before.
        tls: certificates; left out: plaintext, and a port for each participant.

    Attributes:
        clock: stands still, but for a millisecond after each write; `clock.advance(timedelta(days=1))`, `clock.set(instant)`.
        faults: what is to go wrong.
        calls: what it was asked.
        looks: who looked at whom, as a registry's journal would have it.
        following: how the directory follows identity: at once, unless it is held.

    Raises:
        RightsFileError: the rights file cannot be used.
        RegistryError: a seeded dossier that no registry would take.
        ValueError: a person is seeded twice, an institution's sector is not known, or `now` names no zone.
    """

    def __init__(
        self,
        *,
        persons: Iterable[SeededPerson | SandboxPerson] = (),
        institutions: Iterable[SeededInstitution] = (),
        people: int = 0,
        rights: RightsGiven = None,
        now: dt.datetime | None = None,
        tls: TlsFiles | None = None,
    ) -> None:
        self.clock = FrozenClock(dt.datetime.now(dt.UTC))
        if now is not None:
            self.clock.set(now)
        begin = self.clock.now()
        self.clock.advance(-_BEFORE)
        self.looks = Looks()
        self.calls = Calls()
        self._events = StubEvents()
        self._watches = OpenWatches()
        self.faults = Faults(self._watches.break_off, self._forget_feeds)
        self._clients: list[DirectoryClient | IdentityClient] = []
        self._secured = tls is not None
        new = list(institutions)
        keys = [InstitutionKey(each.ref.sector, each.ref.institution) for each in new]
        self._rights = rights_module.MemoryRights(rights_module.with_institutions(_given(rights), keys))
        book = RightsBook(in_place_of_sql(self._rights), self.clock, ttl_s=0.0)
        parts = Parts(self.clock, PageTokens(secrets.token_bytes(32)), self.looks, self._events)
        self._doors = Doors(parts, book, self.calls, self.faults, self._watches, tls)
        self._wire(parts)
        self._seed([*persons, *population(people, seed=1)], new)
        self.clock.set(begin)
        self._start()

    def _wire(self, parts: Parts) -> None:
        register = _Late(lambda: IdentityRegister.over(self._own("identity", "directory-service"), None))
        holders = _Late(lambda: DirectoryHolders(self._asking_directory()))
        self._late = (register, holders)
        self._directory = wire_directory(parts, in_place_of_sql(register))
        self._identity = wire_identity(parts, in_place_of_sql(holders))
        self.following = Following(self._identity.feed, self._directory)

    def _seed(self, persons: list[Any], institutions: list[SeededInstitution]) -> None:
        directory, at = self._directory, self.clock.now()
        call = Call("seed", Participant(OPERATOR, frozenset(), None), None, at, float("inf"))
        known = _code_tables()
        entries = [*known, *(entry_of(each, known) for each in institutions)]
        with directory.memory.writing() as transaction:
            directory.knowledge.write(transaction, call, entries, new_id())
        seed(self._identity, directory, persons, at)

    def _start(self) -> None:
        self.following.catch_up()
        for hub in (self._identity.hub, self._directory.hub):
            hub.start()
        for memory in (self._identity.memory, self._directory.memory):
            memory.listen(self.clock.tick)
        self._identity.memory.listen(self._identity.hub.wake)
        self._identity.memory.listen(self.following.catch_up)

    def directory(
        self, who: str | InstitutionRef, *, purpose: Purpose = PURPOSE, timeout_s: float = 5.0
    ) -> DirectoryClient:
        """Return a client of the directory; the registry closes it.

        Args:
            who: name of the participant, or the institution that it acts for.
            purpose: what it states.
            timeout_s: for each call.

        Raises:
            LookupError: nobody of that name takes part.
            ValueError: the registry was given certificates: a client needs its own then.
        """
        return self._client(DirectoryClient, self.directory_endpoint(who), purpose, timeout_s)

    def identity(
        self, who: str | InstitutionRef, *, purpose: Purpose = PURPOSE, timeout_s: float = 5.0
    ) -> IdentityClient:
        """Return a client of identity; arguments and errors as of `directory`."""
        return self._client(IdentityClient, self.identity_endpoint(who), purpose, timeout_s)

    def async_directory(
        self, who: str | InstitutionRef, *, purpose: Purpose = PURPOSE, timeout_s: float = 5.0
    ) -> AsyncDirectoryClient:
        """Return an asyncio client of the directory, which the caller closes; arguments and errors as of `directory`."""
        return self._made(AsyncDirectoryClient, self.directory_endpoint(who), purpose, timeout_s)

    def async_identity(
        self, who: str | InstitutionRef, *, purpose: Purpose = PURPOSE, timeout_s: float = 5.0
    ) -> AsyncIdentityClient:
        """Return an asyncio client of identity, which the caller closes; arguments and errors as of `directory`."""
        return self._made(AsyncIdentityClient, self.identity_endpoint(who), purpose, timeout_s)

    def directory_endpoint(self, who: str | InstitutionRef, port: int = 0) -> str:
        """Return where a participant reaches the directory, `host:port`; plaintext unless certificates were given.

        Args:
            who: as of `directory`.
            port: to listen on, if it is asked for the first time; 0: any that is free.
        """
        return self._doors.open("directory", self._directory.services, self._participant(who), port)

    def identity_endpoint(self, who: str | InstitutionRef, port: int = 0) -> str:
        """Return where a participant reaches identity; arguments as of `directory_endpoint`."""
        return self._doors.open("identity", self._identity.services, self._participant(who), port)

    def participants(self) -> list[str]:
        """Return the names of all who take part, but for the registry's own servers."""
        names = {one.participant.participant_id for one in self._rights.read()[0].registrations}
        return sorted(names - OWN)

    def apply_rights(self, rights: Rights | participant_service_pb2.Rights | Path | str) -> None:
        """Make the rights exactly these, from the next call on; open watches notice within two seconds."""
        self._rights.apply(_given(rights))

    def replace_number(self, former: Ssin, next_: Ssin) -> None:
        """Let a number be replaced, as the registry's own desk does it when it finds a duplicate.

        Raises:
            LookupError: the rights know no `registry-registrar`.
            KruispuntError: it cannot be replaced, as of `IdentityClient.replace_number`.
        """
        endpoint = self._own("identity", self._participant(REGISTRAR))
        with IdentityClient(endpoint, certificates=None, purpose=PURPOSE) as desk:
            desk.replace_number(former, next_, reason=NumberChangeReason.DUPLICATE)

    def faults_of_its_own(self) -> list[dict[str, Any]]:
        """Return where the stub itself failed; a defect of the stub, never of its caller."""
        return list(self._events.faults)

    def close(self) -> None:
        """Close clients, ports and threads."""
        for client in self._clients:
            client.close()
        self.faults.clear()
        for hub in (self._identity.hub, self._directory.hub):
            hub.stop()
        for late in self._late:
            late.close()
        self._doors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _client(self, kind: type[ClientT], endpoint: str, purpose: Purpose, timeout_s: float) -> ClientT:
        client: ClientT = self._made(kind, endpoint, purpose, timeout_s)
        self._clients.append(client)
        return client

    def _made(self, kind: type[AnyClientT], endpoint: str, purpose: Purpose, timeout_s: float) -> AnyClientT:
        if self._secured:
            raise ValueError("the registry asks for certificates: make a client with some for its endpoint")
        return kind(endpoint, certificates=None, purpose=purpose, timeout_s=timeout_s)

    def _participant(self, who: str | InstitutionRef) -> str:
        for one in self._rights.read()[0].registrations:
            name, key = one.participant.participant_id, one.participant.institution
            if isinstance(who, str):
                if name == who:
                    return name
            elif key is not None and (key.sector, key.institution) == (who.sector, who.institution):
                return name
        raise LookupError(f"{who} takes no part in this registry")

    def _own(self, server: str, participant: str) -> str:
        services = self._identity.services if server == "identity" else self._directory.services
        return self._doors.open(server, services, participant, plain=True)

    def _asking_directory(self) -> DirectoryClient:
        return DirectoryClient(self._own("directory", "identity-service"), certificates=None, purpose=PURPOSE)

    def _forget_feeds(self) -> None:
        self._identity.feed.let_go()
        self._directory.notices.let_go(self.clock.now())


@functools.cache
def _code_tables() -> tuple[Entry, ...]:
    return tuple(load_code_tables())


class _Late:
    """Something that is made when it is first used: it calls a port that is opened then."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)

    def close(self) -> None:
        """Close it, if it was made."""
        if self._made is not None:
            self._made.close()


def _given(rights: RightsGiven) -> Rights:
    if rights is None:
        return rights_module.sandbox_rights()
    if isinstance(rights, participant_service_pb2.Rights):
        return rights_module.rights_of(rights)
    if isinstance(rights, Rights):
        return rights_module.with_own_servers(rights)
    return rights_module.rights_in(Path(rights))
