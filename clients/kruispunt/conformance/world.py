"""What a fact is tried with: clients of the participants, and persons of its own."""

import datetime as dt
import itertools
import secrets
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import grpc

from kruispunt import DirectoryClient, IdentityClient
from kruispunt.conformance.cast import OTHER_WELFARE, PENSIONS, PURPOSE, REGISTRAR, WELFARE, Cast
from kruispunt.conformance.facts import NotHeldError
from kruispunt.facts import Birth, Evidence, EvidenceKind, Gender, Name, Place, Statement
from kruispunt.feeds import NOW, FeedStart, Told
from kruispunt.notices import Notice, ToldNotices
from kruispunt.period import Period
from kruispunt.registering import PersonOutcome
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier, InstitutionRef, PartialDate

WELFARE_REF: Final = InstitutionRef(17, 101)
PENSIONS_REF: Final = InstitutionRef(5, 1)
OPEN: Final = Period(dt.date(2020, 1, 1))
DAY: Final = dt.date(2024, 6, 1)
"""A day on which what is open since 2020 is open."""
INCOME: Final = 2
"""Capacity of a welfare centre: integration income; with the phases 10 and 20."""
PAYMENT: Final = 100
"""Capacity of the pension office: payment; with the phase 20."""
_PATIENCE_S: Final = 20.0
_STEP_S: Final = 0.05
_SEEN: Final = Evidence(EvidenceKind.PASSPORT, "CONF1234", "NL")

T = TypeVar("T")
Item = TypeVar("Item", Told, ToldNotices)


class World:
    """Clients of the cast, made when they are first asked for, and what facts have in common."""

    def __init__(self, cast: Cast, timeout_s: float = 15.0) -> None:
        self._cast = cast
        self._timeout_s = timeout_s
        self._clients: dict[tuple[type, str, str], Any] = {}

    def directory(self, who: str = WELFARE, legal_basis: str = PURPOSE.legal_basis) -> DirectoryClient:
        """Return a client of the directory, for a participant under a legal basis."""
        client: DirectoryClient = self._client(DirectoryClient, who, legal_basis)
        return client

    def identity(self, who: str = WELFARE, legal_basis: str = PURPOSE.legal_basis) -> IdentityClient:
        """Return a client of identity."""
        client: IdentityClient = self._client(IdentityClient, who, legal_basis)
        return client

    @property
    def welfare(self) -> DirectoryClient:
        """The directory, as the welfare centre."""
        return self.directory(WELFARE)

    @property
    def pensions(self) -> DirectoryClient:
        """The directory, as the pension office."""
        return self.directory(PENSIONS)

    @property
    def other(self) -> DirectoryClient:
        """The directory, as the other welfare centre."""
        return self.directory(OTHER_WELFARE)

    @property
    def desk(self) -> IdentityClient:
        """Identity, as the registry's own desk."""
        return self.identity(REGISTRAR)

    def channel(self, who: str, *, of_identity: bool = False) -> grpc.Channel:
        """Return a bare connection, to say what no client would; the caller closes it."""
        profile = self._cast.profiles[who]
        endpoint = profile.identity_endpoint if of_identity else profile.endpoint
        certificates = profile.certificates()
        if certificates is None:
            return grpc.insecure_channel(endpoint)
        return grpc.secure_channel(
            endpoint,
            grpc.ssl_channel_credentials(certificates.ca, certificates.key, certificates.certificate),
        )

    def name(self) -> str:
        """Return a family name that nobody bears."""
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(14))
        return letters.capitalize()

    def said(
        self, family_name: str, given_name: str = "Conny", born: PartialDate | None = None
    ) -> list[Statement]:
        """Return what is said of a new person: the least that is taken."""
        place = Place("NL", municipality_name="Breda")
        return [
            Statement(Name(family_name, (given_name,)), evidence=_SEEN),
            Statement(Birth(born or PartialDate(1981, 4, 17), place), evidence=_SEEN),
            Statement(Gender.FEMALE),
        ]

    def person(self, family_name: str = "", who: str = WELFARE) -> Ssin:
        """Register a new person, and return the number given out."""
        answer = self.identity(who).register_person(
            self.said(family_name or self.name(), given_name=self.name())
        )
        if answer.outcome is not PersonOutcome.CREATED or answer.person is None:
            raise NotHeldError(f"a new person was not registered: {answer.outcome.name}")
        return answer.person.ssin

    def held(self, person: Ssin | None = None, *, period: Period = OPEN, phase: int = 10) -> Dossier:
        """Register a dossier of the welfare centre, on a new person if none is given, and return it."""
        return self.welfare.register_dossier(
            person or self.person(), capacity=INCOME, phase=phase, period=period
        ).dossier

    def unknown(self) -> Ssin:
        """Return a bis number that nobody has: sequence 999 is never given out."""
        return Ssin.assemble(
            secrets.randbelow(100) * 10_000 + 4101 + secrets.randbelow(28), 999, born_from_2000=False
        )

    def until(self, look: Callable[[], T | None], what: str) -> T:
        """Return what `look` finds, as soon as it finds something: what one service tells the other takes a moment.

        Raises:
            NotHeldError: it found nothing in 20 s.
        """
        end = time.monotonic() + _PATIENCE_S
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > end:
                raise NotHeldError(f"{what}: not in {_PATIENCE_S:g} s")
            time.sleep(_STEP_S)

    def end_of_notices(self, client: DirectoryClient) -> str:
        """Return the token by which a watch begins after everything an institution was told so far."""
        watch = client.watch_notices(NOW, heartbeat_s=1, heartbeats=True, give_up_s=_PATIENCE_S)
        return next(self.patiently(watch)).resume_token

    def notices_after(self, client: DirectoryClient, token: str, person: Ssin) -> Iterator[Notice]:
        """Yield the notices on a number that an institution is told after a token; waits for each, 20 s at most."""
        after = FeedStart.after(token)
        watch = client.watch_notices(after, heartbeat_s=1, heartbeats=True, give_up_s=_PATIENCE_S)
        told = itertools.chain.from_iterable(item.notices for item in self.patiently(watch))
        return (each for each in told if person in (each.ssin, each.current))

    def patiently(self, watch: Iterator[Item]) -> Iterator[Item]:
        """Yield the items of a watch with heartbeats, until what was waited for has not come for 20 s.

        Raises:
            NotHeldError: there was nothing but signs of life.
        """
        end = time.monotonic() + _PATIENCE_S
        for item in watch:
            if item.told_until is None:
                end = time.monotonic() + _PATIENCE_S
            elif time.monotonic() > end:
                raise NotHeldError(f"nothing was told for {_PATIENCE_S:g} s")
            yield item

    def close(self) -> None:
        """Close all clients."""
        for client in self._clients.values():
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _client(self, kind: type[Any], who: str, legal_basis: str) -> Any:
        key = kind, who, legal_basis
        if key not in self._clients:
            self._clients[key] = kind.from_profile(
                self._cast.profiles[who],
                purpose=replace(PURPOSE, legal_basis=legal_basis),
                timeout_s=self._timeout_s,
            )
        return self._clients[key]
