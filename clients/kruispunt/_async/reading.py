"""The half of `DirectoryClient` that asks: who holds what, may I, from whom."""

import datetime as dt
import itertools
from collections.abc import AsyncGenerator

from kruispunt._async.client import Caller
from kruispunt._async.conversation import Conversation, Patience
from kruispunt._async.driver import Requests, Source, Stream
from kruispunt._async.listing import AsyncListing
from kruispunt._async.resolver import AsyncResolver
from kruispunt._async.streaming import batches, parts
from kruispunt._columns import persons_in
from kruispunt._messages import (
    coverage_of,
    data_set_message,
    dossier_of,
    filter_message,
    institution_message,
    optional_date,
    optional_instant,
    question_message,
    resolution_of,
    route_of,
    stale_of,
)
from kruispunt._resolve import Request, Response, fits
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.directory.v1 import directory_service_pb2_grpc as rpc
from kruispunt.pages import Page
from kruispunt.routes import AccessQuestion, Route, RouteVerdict
from kruispunt.ssin import Ssin
from kruispunt.values import (
    Coverage,
    DataSetRef,
    Dossier,
    InstitutionRef,
    NetworkLevel,
    PersonDossiers,
    StaleDossier,
    StaleKind,
)

_STRETCH_S = 60.0  # one stream; a longer resolution goes over several
_QUESTIONS = 1000


class ReadingMethods(Caller):
    """Every read takes `valid_at` (true in the world that day) and `known_at` (what the registry knew then).

    Left out, both are now. Every read of personal data is recorded before its answer leaves the registry.
    """

    def list_dossiers(
        self,
        person: Ssin | str,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        every_period: bool = False,
        sector: int | None = None,
        institution: int | None = None,
        capacity: int | None = None,
        network_level: NetworkLevel = NetworkLevel.UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout_s: float | None = None,
    ) -> AsyncListing[Dossier]:
        """List the dossiers held on one person, by sector, institution, capacity and begin.

        Args:
            person: number of the person; a former one is followed, and `resolution` of each page says so.
            valid_at: day on which the dossiers must be open.
            known_at: zone-aware, not in the future.
            every_period: also past and future ones; not together with `valid_at`.
            sector: only this one, 0 to 999.
            institution: only this one of `sector`.
            capacity: only this one.
            network_level: only this one.
            page_size: 1 to 1000; 0 means 100.
            page_token: go on after a page of an earlier list.
            timeout_s: for each page instead of the client's.

        Returns:
            A list whose pages are fetched as they are read, with the errors at that moment.

        Raises:
            InvalidArgument: NumberMalformed, PageTokenInvalid, TimeInFuture.
        """
        request = pb.ListDossiersRequest(
            ssin=str(person),
            valid_at=optional_date(valid_at),
            known_at=optional_instant(known_at),
            every_period=every_period,
            filter=filter_message(sector, institution, capacity, network_level),
            page_size=page_size,
        )

        async def fetch(token: str) -> Page[Dossier]:
            request.page_token = token
            answer = await self._ask(self._directory.ListDossiers, request, timeout_s)
            items = tuple(dossier_of(each) for each in answer.dossiers)
            resolution = resolution_of(answer.resolution)
            return Page(items, answer.next_page_token, answer.complete, resolution, answer)

        return AsyncListing(fetch, page_token)

    def resolve_dossiers(
        self,
        persons: Source[Ssin | str],
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        sector: int | None = None,
        institution: int | None = None,
        capacity: int | None = None,
        network_level: NetworkLevel = NetworkLevel.UNSPECIFIED,
        chunk: int = 1000,
        timeout_s: float | None = None,
    ) -> AsyncGenerator[PersonDossiers, None]:
        """List the dossiers of very many persons over one stream, in order, with bounded memory.

        Args:
            persons: numbers; read as they are sent, a few chunks ahead of the answers, by whoever reads these.
            valid_at: day on which the dossiers must be open.
            known_at: zone-aware, not in the future.
            sector: only this one, 0 to 999.
            institution: only this one of `sector`.
            capacity: only this one.
            network_level: only this one.
            chunk: numbers a message, 1 to 1000; fastest from 500 on.
            timeout_s: for each answered message instead of the client's, repetitions included; the whole may
                take as long as it takes.

        Returns:
            One answer for every number, malformed and unknown ones too. A stream that breaks is carried on.

        Raises:
            ValueError: `chunk` lies outside its range.
            DeadlineExceeded: no answer came in time, to the first message or to a later one.
            KruispuntError: refused, or no server answered in several attempts.
        """
        if not 1 <= chunk <= 1000:
            raise ValueError("a chunk has 1 to 1000 numbers")
        criteria = pb.ResolutionCriteria(
            valid_at=optional_date(valid_at),
            known_at=optional_instant(known_at),
            filter=filter_message(sector, institution, capacity, network_level),
            columnar=True,
        )

        async def requests() -> AsyncGenerator[Request, None]:
            async for ssins in batches(persons, chunk):
                yield Request(chunk=next(numbers), ssins=map(str, ssins))

        numbers = itertools.count()
        patience = Patience(self._connection.line, self._timeout_s if timeout_s is None else timeout_s)
        header = Request(criteria=criteria)
        answers = Conversation(self._open_resolution, patience, requests(), fits, header).answers()
        return parts(answers, persons_in)

    def resolver(
        self,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        sector: int | None = None,
        institution: int | None = None,
        capacity: int | None = None,
        network_level: NetworkLevel = NetworkLevel.UNSPECIFIED,
        most_waiting: int = 10_000,
    ) -> AsyncResolver:
        """Return what answers single look-ups from many tasks, which travel together over one stream.

        For programs that ask for one person at a time, at many places at once: some times faster than a call each.
        It works under the purpose of this client; a view with another purpose has a resolver of its own.

        Args:
            valid_at: day on which the dossiers must be open; left out: the day of each stream, which is short.
            known_at: zone-aware, not in the future.
            sector: only this one, 0 to 999.
            institution: only this one of `sector`.
            capacity: only this one.
            network_level: only this one.
            most_waiting: look-ups at once; further ones wait for room.

        Raises:
            ValueError: `most_waiting` is not at least 1.
        """
        if most_waiting < 1:
            raise ValueError("a resolver has room for one look-up at least")
        criteria = pb.ResolutionCriteria(
            valid_at=optional_date(valid_at),
            known_at=optional_instant(known_at),
            filter=filter_message(sector, institution, capacity, network_level),
        )
        return AsyncResolver(
            self._open_resolution,
            self._connection.line,
            Request(criteria=criteria),
            timeout_s=self._timeout_s,
            most_waiting=most_waiting,
        )

    def _open_resolution(self, requests: Requests[Request]) -> Stream[Response]:
        method = self._directory.ResolveDossiers
        return method(requests, timeout=_STRETCH_S, metadata=self._metadata)

    async def get_route(
        self,
        person: Ssin | str,
        data_set: DataSetRef | str,
        *,
        deliberation: str = "",
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        supplier: InstitutionRef | None = None,
        timeout_s: float | None = None,
    ) -> Route:
        """Ask whether the caller may obtain a data set on a person, and from whom.

        Args:
            person: number of the person.
            data_set: what is to be obtained; as a text, "CODE" or "CODE/variant".
            deliberation: the legal basis; left out: that of the purpose.
            valid_at: day the data must concern.
            known_at: zone-aware, not in the future.
            supplier: only this one.
            timeout_s: for this call instead of the client's.

        Returns:
            Verdict, all seven checks and the suppliers. A refusal is an answer, no error.

        Raises:
            InvalidArgument: the request is malformed.
            NumberCancelled: the number leads to no active one.
        """
        request = pb.GetRouteRequest(
            ssin=str(person),
            data_set=data_set_message(DataSetRef.parse(data_set) if isinstance(data_set, str) else data_set),
            deliberation=deliberation,
            valid_at=optional_date(valid_at),
            known_at=optional_instant(known_at),
            supplier=institution_message(supplier),
        )
        return route_of(await self._ask(self._directory.GetRoute, request, timeout_s))

    async def check_access(
        self,
        questions: Source[AccessQuestion],
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        timeout_s: float | None = None,
    ) -> list[RouteVerdict]:
        """Ask many questions like `get_route`, for the verdict only.

        Args:
            questions: any number; asked 1000 at a time.
            valid_at: day for all questions.
            known_at: zone-aware, not in the future.
            timeout_s: for each thousand instead of the client's.

        Returns:
            One verdict for each, in the same order; a number that cannot be used is NUMBER_UNUSABLE.
        """
        verdicts: list[RouteVerdict] = []
        async for batch in batches(questions, _QUESTIONS):
            request = pb.CheckAccessRequest(
                questions=map(question_message, batch),
                valid_at=optional_date(valid_at),
                known_at=optional_instant(known_at),
            )
            answer = await self._ask(self._directory.CheckAccess, request, timeout_s)
            verdicts += map(RouteVerdict, answer.verdicts)
        return verdicts

    def get_coverage(
        self,
        *,
        sector: int | None = None,
        institution: int | None = None,
        page_size: int = 0,
        timeout_s: float | None = None,
    ) -> AsyncListing[Coverage]:
        """List up to when each institution has told what it holds: "no dossier" apart from "not told yet"."""
        request = pb.GetCoverageRequest(sector=sector, institution=institution, page_size=page_size)

        async def fetch(token: str) -> Page[Coverage]:
            request.page_token = token
            answer = await self._ask(self._directory.GetCoverage, request, timeout_s)
            items = tuple(coverage_of(each) for each in answer.institutions)
            return Page(items, answer.next_page_token, answer.complete, message=answer)

        return AsyncListing(fetch)

    def list_stale_dossiers(
        self,
        kind: StaleKind = StaleKind.NOT_CONFIRMED,
        *,
        unconfirmed_days: int = 0,
        page_size: int = 0,
        timeout_s: float | None = None,
    ) -> AsyncListing[StaleDossier]:
        """List the own institution's dossiers that want attention, longest waiting first.

        Args:
            kind: why.
            unconfirmed_days: for NOT_CONFIRMED: at least so many days, 1 to 36500; 0 means 365.
            page_size: 1 to 1000; 0 means 100.
            timeout_s: for each page instead of the client's.
        """
        request = pb.ListStaleDossiersRequest(
            kind=kind.value,  # type: ignore[arg-type]  # same numbers, held by a test
            unconfirmed_days=unconfirmed_days,
            page_size=page_size,
        )

        async def fetch(token: str) -> Page[StaleDossier]:
            request.page_token = token
            answer = await self._ask(self._directory.ListStaleDossiers, request, timeout_s)
            items = tuple(stale_of(each) for each in answer.dossiers)
            return Page(items, answer.next_page_token, answer.complete, message=answer)

        return AsyncListing(fetch)

    @property
    def _directory(self) -> "rpc.DirectoryServiceAsyncStub":
        return self._connection.stub(rpc.DirectoryServiceStub)
