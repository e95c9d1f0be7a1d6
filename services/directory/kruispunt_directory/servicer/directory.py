"""DirectoryService: who holds what, may I, from whom."""

import datetime as dt
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import EVERYTHING, DossierFilter
from kruispunt_directory.domain.knowledge import Institution
from kruispunt_directory.domain.number import Resolution, Verification
from kruispunt_directory.messages import directory as messages
from kruispunt_directory.servicer.deciding import RouteDecider, known_at_of, read_number
from kruispunt_directory.servicer.holding import OwnDossiers
from kruispunt_directory.servicer.knowledge_source import KnowledgeSource
from kruispunt_directory.servicer.stale import StaleLister
from kruispunt_directory.store.places import Place, Rows, latest_of
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.standbys.read_place import answered, from_primary
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import (
    parse_code,
    parse_optional_day,
    parse_page_size,
    parse_ssin,
    timestamp_message,
)

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.attention import AttentionReader
    from kruispunt_directory.store.reading import DossierReader
    from kruispunt_server.standbys.reads import Reads

_DATA_GROUP = "dossier"
_CHUNK_LIMIT = 1000


class DirectoryServicer:
    """One method per rpc: parse, read, decide, build. What each does stands in the contract."""

    def __init__(
        self,
        reader: "DossierReader",
        attention: "AttentionReader",
        knowledge: KnowledgeSource,
        own: OwnDossiers,
        tokens: PageTokens,
        clock: Clock,
        followed_until: Callable[[], dt.datetime | None] = lambda: None,
        reads: "Reads | None" = None,
    ) -> None:
        self._reader = reader
        self._reads = reads
        self._followed_until = followed_until
        self._knowledge = knowledge
        self._tokens = tokens
        self._clock = clock
        self._own = own
        self._decider = RouteDecider(reader, knowledge, own, clock)
        self._stale = StaleLister(attention, knowledge, tokens, clock)
        self._attention = attention

    def ListDossiers(self, request: pb.ListDossiersRequest, call: Call) -> pb.ListDossiersResponse:
        """List the dossiers of one person. Without further criteria: one statement, compiled before."""
        asked = parse_ssin(request.ssin, "ssin")
        size = parse_page_size(request.page_size, "page_size")
        valid_at = parse_optional_day(request, "valid_at")
        self._own.check(call, asked, "ssin")
        if (
            request.every_period
            or request.page_token
            or request.HasField("filter")
            or request.HasField("known_at")
        ):
            return self._list_page(request, call, asked, valid_at, size)
        resolution, rows = self._reader.list_open(
            asked, valid_at=valid_at or self._clock.today(), limit=size + 1
        )
        if len(rows) > size:
            # More than one page: the general way knows how to go on.
            return self._list_page(request, call, asked, valid_at, size)
        call.look(int(resolution.current), _DATA_GROUP, "found" if rows else "none")
        return messages.dossier_list(rows, resolution)

    def ResolveDossiers(
        self, requests: Iterator[pb.ResolveDossiersRequest], call: Call
    ) -> Iterator[pb.ResolveDossiersResponse]:
        """List the dossiers of very many persons; a thousand cost two statements."""
        first = next(requests, None)
        if first is None:
            return
        valid_at = parse_optional_day(first.criteria, "valid_at", "criteria") or self._clock.today()
        known_at = known_at_of(first.criteria, call, "criteria.known_at")
        narrowed = messages.parse_filter(first.criteria.filter, "criteria.filter")
        write = messages.write_as_columns if first.criteria.columnar else messages.write_as_messages
        if known_at is not None:  # an answer about the past never changes
            call.wish = None
        for number, request in enumerate(itertools.chain([first], requests)):
            if number and request.HasField("criteria"):
                raise RegistryError(
                    Reason.FIELD_INVALID, "criteria stand in the first message only", field="criteria"
                )
            if len(request.ssins) > _CHUNK_LIMIT:
                raise _too_many("ssins")
            if request.ssins:
                resolve = functools.partial(self._resolve_chunk, request, call, valid_at, known_at, narrowed)
                response, dossiers = answered(self._reads, call, resolve)
                write(response, dossiers)
                yield response

    def GetRoute(self, request: pb.GetRouteRequest, call: Call) -> pb.GetRouteResponse:
        """Answer whether the caller may obtain a data set, and from whom."""
        return self._decider.route(request, call)

    def CheckAccess(self, request: pb.CheckAccessRequest, call: Call) -> pb.CheckAccessResponse:
        """Answer up to a thousand questions with the verdict only."""
        return self._decider.verdicts(request, call)

    def GetCoverage(self, request: pb.GetCoverageRequest, call: Call) -> pb.GetCoverageResponse:  # noqa: ARG002
        """Say up to when each institution has told. No personal data in it."""
        sector = parse_code(request.sector, "sector", 0, 999) if request.HasField("sector") else None
        number = None
        if request.HasField("institution"):
            if sector is None:
                raise RegistryError(Reason.FIELD_REQUIRED, "an institution needs its sector", field="sector")
            number = parse_code(request.institution, "institution", 0, 999)
        size = parse_page_size(request.page_size, "page_size")
        query = f"GetCoverage|{sector}|{number}".encode()
        today = self._clock.today()
        keys = [
            entry.key
            for entry in self._knowledge.current().entries(Institution)
            if entry.validity.holds(today)
            and sector in (None, entry.key.sector)
            and number in (None, entry.key.institution)
        ]
        if request.page_token:
            after = InstitutionKey(*self._tokens.read(query, request.page_token))  # type: ignore[arg-type]
            keys = [key for key in keys if key > after]
        page = keys[:size]
        complete = len(keys) <= size
        followed = self._followed_until()
        answer = pb.GetCoverageResponse(
            institutions=[messages.coverage_message(entry) for entry in self._attention.coverage(page)],
            next_page_token=""
            if complete
            else self._tokens.make(query, [page[-1].sector, page[-1].institution]),
            complete=complete,
            number_verification=int(Verification.CHECKSUM if followed is None else Verification.REGISTER),  # type: ignore[arg-type]
        )
        if followed is not None:
            answer.followed_until.CopyFrom(timestamp_message(followed))
        return answer

    def ListStaleDossiers(
        self, request: pb.ListStaleDossiersRequest, call: Call
    ) -> pb.ListStaleDossiersResponse:
        """List the caller's dossiers that want attention."""
        return self._stale.page(request, call)

    def _list_page(
        self, request: pb.ListDossiersRequest, call: Call, asked: Ssin, valid_at: dt.date | None, size: int
    ) -> pb.ListDossiersResponse:
        if request.every_period and valid_at is not None:
            raise RegistryError(Reason.FIELD_INVALID, "either a day or every period", field="every_period")
        known_at = known_at_of(request, call, "known_at")
        narrowed = (
            messages.parse_filter(request.filter, "filter") if request.HasField("filter") else EVERYTHING
        )
        query = f"ListDossiers|{asked}|{valid_at}|{request.every_period}|{known_at}|{narrowed}".encode()
        place = Place.read(self._tokens.read(query, request.page_token)) if request.page_token else None
        day = None if request.every_period else valid_at or (place and place.day) or self._clock.today()
        resolution = self._reader.resolve(asked, known_at or (place.instant if place else None))

        def read(instant: dt.datetime | None) -> Rows:
            return self._reader.list_page(
                resolution.current,
                valid_at=day,
                known_at=instant,
                narrowed=narrowed,
                after=place.key if place else None,
                limit=size + 1,
            )

        instant = known_at or (place.instant if place else None)
        rows = read(instant)
        if len(rows) > size and instant is None:
            # From here on the list is that of one instant: no page misses or repeats what changes meanwhile.
            from_primary()
            instant = latest_of(rows, call.now)
            rows = read(instant)
        token = ""
        if len(rows) > size and instant is not None:
            token = self._tokens.make(query, Place.after(rows[size - 1], instant, day).written())
        rows = rows[:size]
        call.look(int(resolution.current), _DATA_GROUP, "found" if rows else "none")
        return messages.dossier_list(rows, resolution, token)

    def _resolve_chunk(
        self,
        request: pb.ResolveDossiersRequest,
        call: Call,
        valid_at: dt.date,
        known_at: dt.datetime | None,
        narrowed: DossierFilter,
    ) -> tuple[pb.ResolveDossiersResponse, list[Rows]]:
        """Return an answer that says who each number is, and the dossiers of each."""
        response, ssins = pb.ResolveDossiersResponse(chunk=request.chunk), request.ssins
        numbers = [read_number(text) for text in ssins]
        valid = [number for number in numbers if number is not None]
        held = self._own.among(call, valid)
        withheld = frozenset(valid) - held if held is not None else frozenset()
        valid = [number for number in valid if number not in withheld]
        resolved = self._reader.resolve_all(valid, known_at)
        wanted = {resolved[number].current if number in resolved else number for number in valid}
        rows = self._reader.list_of_many(
            list(wanted), valid_at=valid_at, known_at=known_at, narrowed=narrowed
        )
        of_person = {person: list(group) for person, group in itertools.groupby(rows, key=lambda row: row[0])}
        dossiers: list[Rows] = []
        for text, number in zip(ssins, numbers, strict=True):
            answer = response.persons.add()
            found: Rows = []
            if number is None:
                messages.write_malformed_number(answer, text)
            elif number in withheld:
                call.look(int(number), _DATA_GROUP, Reason.NO_DOSSIER.label)
                messages.write_person(answer, text, Resolution(number, number), found=False)
            else:
                resolution = resolved.get(number) or Resolution(number, number)
                found = of_person.get(int(resolution.current), [])
                call.look(int(resolution.current), _DATA_GROUP, "found" if found else "none")
                messages.write_person(answer, text, resolution, found=bool(found))
            dossiers.append(found)
        return response, dossiers


def _too_many(field: str) -> RegistryError:
    return RegistryError(
        Reason.TOO_MANY_ELEMENTS,
        "too many elements in one message",
        field=field,
        metadata={"limit": str(_CHUNK_LIMIT)},
    )
