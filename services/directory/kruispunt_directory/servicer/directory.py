"""DirectoryService: who holds what, may I, from whom."""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.ssin import Ssin, SsinError
from kruispunt_directory.domain.dossier import EVERYTHING, Dossier, DossierFilter
from kruispunt_directory.domain.knowledge import Institution
from kruispunt_directory.domain.number import NumberStatus, Resolution, Verification
from kruispunt_directory.domain.route import Route, RouteQuestion, Verdict, decide
from kruispunt_directory.messages import directory as messages
from kruispunt_directory.messages.common import (
    parse_code,
    parse_instant,
    parse_institution,
    parse_optional_day,
    parse_page_size,
    parse_ssin,
)
from kruispunt_directory.servicer.knowledge_source import KnowledgeSource
from kruispunt_directory.servicer.stale import StaleLister
from kruispunt_directory.store.attention import AttentionReader
from kruispunt_directory.store.reading import DossierReader, listing_key
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.tokens import PageTokens

_DATA_GROUP = "dossier"
_CHUNK_LIMIT = 1000


class DirectoryServicer:
    """One method per rpc: parse, read, decide, build. What each does stands in the contract."""

    def __init__(
        self,
        reader: DossierReader,
        attention: AttentionReader,
        knowledge: KnowledgeSource,
        tokens: PageTokens,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._knowledge = knowledge
        self._tokens = tokens
        self._clock = clock
        self._stale = StaleLister(attention, knowledge, tokens, clock)
        self._attention = attention

    def ListDossiers(self, request: pb.ListDossiersRequest, call: Call) -> pb.ListDossiersResponse:
        """List the dossiers of one person. Without further criteria: one statement, compiled before."""
        asked = parse_ssin(request.ssin, "ssin")
        size = parse_page_size(request.page_size, "page_size")
        valid_at = parse_optional_day(request, "valid_at")
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
        known_at = _known_at(first.criteria, call, "criteria.known_at")
        narrowed = messages.parse_filter(first.criteria.filter, "criteria.filter")
        for number, request in enumerate(itertools.chain([first], requests)):
            if number and request.HasField("criteria"):
                raise RegistryError(
                    Reason.FIELD_INVALID, "criteria stand in the first message only", field="criteria"
                )
            if len(request.ssins) > _CHUNK_LIMIT:
                raise _too_many("ssins")
            if request.ssins:
                response = pb.ResolveDossiersResponse(chunk=request.chunk)
                self._resolve_chunk(request.ssins, response, call, valid_at, known_at, narrowed)
                yield response

    def GetRoute(self, request: pb.GetRouteRequest, call: Call) -> pb.GetRouteResponse:
        """Answer whether the caller may obtain a data set, and from whom."""
        asked = parse_ssin(request.ssin, "ssin")
        known_at = _known_at(request, call, "known_at")
        deliberation = messages.parse_deliberation(request.deliberation, _legal_basis(call), "deliberation")
        question = RouteQuestion(
            consumer=call.participant.own_institution(),
            data_set=messages.parse_data_set(request.data_set, "data_set"),
            deliberation_id=deliberation,
            day=parse_optional_day(request, "valid_at") or self._clock.today(),
            supplier=parse_institution(request.supplier, "supplier")
            if request.HasField("supplier")
            else None,
        )
        resolution = self._reader.resolve(asked)
        if resolution.status is NumberStatus.CANCELLED:
            call.look(int(asked), "route", Reason.NUMBER_CANCELLED.label)
            raise RegistryError(Reason.NUMBER_CANCELLED, "the number leads to no active one", field="ssin")
        dossiers = self._reader.dossiers_of([resolution.current], known_at).get(int(resolution.current), [])
        route = self._decide(question, dossiers, known_at)
        decision = call.look(int(resolution.current), "route", route.verdict.name.lower())
        return messages.route_message(route, deliberation, resolution, str(decision))

    def CheckAccess(self, request: pb.CheckAccessRequest, call: Call) -> pb.CheckAccessResponse:
        """Answer up to a thousand questions with the verdict only; two statements."""
        if not request.questions:
            raise RegistryError(Reason.FIELD_REQUIRED, "there is no question", field="questions")
        if len(request.questions) > _CHUNK_LIMIT:
            raise _too_many("questions")
        consumer = call.participant.own_institution()
        known_at = _known_at(request, call, "known_at")
        day = parse_optional_day(request, "valid_at") or self._clock.today()
        questions = [
            self._question(question, consumer, day, call, position)
            for position, question in enumerate(request.questions)
        ]
        numbers = [_read_number(question.ssin) for question in request.questions]
        resolved = self._reader.resolve_all([number for number in numbers if number])
        current = {
            number: resolved[number].current if number in resolved else number for number in numbers if number
        }
        dossiers = self._reader.dossiers_of(list(set(current.values())), known_at)
        verdicts = []
        for number, question in zip(numbers, questions, strict=True):
            if number is None or (number in resolved and resolved[number].status is NumberStatus.CANCELLED):
                verdict = Verdict.NUMBER_UNUSABLE
            else:
                verdict = self._verdict(
                    question, dossiers.get(int(current[number]), []), consumer, day, known_at
                )
            if number is not None:
                call.look(int(current[number]), "route", verdict.name.lower())
            verdicts.append(int(verdict))
        return pb.CheckAccessResponse(verdicts=verdicts)  # type: ignore[arg-type]

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
        return pb.GetCoverageResponse(
            institutions=[messages.coverage_message(entry) for entry in self._attention.coverage(page)],
            next_page_token=""
            if complete
            else self._tokens.make(query, [page[-1].sector, page[-1].institution]),
            complete=complete,
            number_verification=int(Verification.CHECKSUM),  # type: ignore[arg-type]
        )

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
        known_at = _known_at(request, call, "known_at")
        narrowed = (
            messages.parse_filter(request.filter, "filter") if request.HasField("filter") else EVERYTHING
        )
        day = None if request.every_period else valid_at or self._clock.today()
        query = f"ListDossiers|{asked}|{day}|{known_at}|{narrowed}".encode()
        after = self._tokens.read(query, request.page_token) if request.page_token else None
        resolution = self._reader.resolve(asked)
        rows = self._reader.list_page(
            resolution.current,
            valid_at=day,
            known_at=known_at,
            narrowed=narrowed,
            after=_position(after),
            limit=size + 1,
        )
        complete = len(rows) <= size
        rows = rows[:size]
        call.look(int(resolution.current), _DATA_GROUP, "found" if rows else "none")
        token = "" if complete else self._tokens.make(query, listing_key(rows[-1]))
        return messages.dossier_list(rows, resolution, token)

    def _resolve_chunk(
        self,
        ssins: Sequence[str],
        response: pb.ResolveDossiersResponse,
        call: Call,
        valid_at: dt.date,
        known_at: dt.datetime | None,
        narrowed: DossierFilter,
    ) -> None:
        numbers = [_read_number(text) for text in ssins]
        valid = [number for number in numbers if number is not None]
        resolved = self._reader.resolve_all(valid)
        wanted = {resolved[number].current if number in resolved else number for number in valid}
        rows = self._reader.list_of_many(
            list(wanted), valid_at=valid_at, known_at=known_at, narrowed=narrowed
        )
        of_person = {person: list(group) for person, group in itertools.groupby(rows, key=lambda row: row[0])}
        for text, number in zip(ssins, numbers, strict=True):
            answer = response.persons.add()
            if number is None:
                messages.write_malformed_number(answer, text)
                continue
            resolution = resolved.get(number) or Resolution(number, number)
            found = of_person.get(int(resolution.current), [])
            call.look(int(resolution.current), _DATA_GROUP, "found" if found else "none")
            messages.write_person_dossiers(answer, text, resolution, found)

    def _decide(
        self, question: RouteQuestion, dossiers: Sequence[Dossier], known_at: dt.datetime | None
    ) -> Route:
        knowledge = self._knowledge.current() if known_at is None else self._knowledge.at(known_at)
        return decide(question, knowledge, dossiers)

    def _question(
        self,
        question: pb.CheckAccessRequest.Question,
        consumer: InstitutionKey,
        day: dt.date,
        call: Call,
        position: int,
    ) -> RouteQuestion | None:
        """Read one question; none asks only whether the consumer holds a dossier."""
        if not question.HasField("data_set"):
            return None
        path = f"questions[{position}]"
        return RouteQuestion(
            consumer=consumer,
            data_set=messages.parse_data_set(question.data_set, f"{path}.data_set"),
            deliberation_id=messages.parse_deliberation(
                question.deliberation, _legal_basis(call), f"{path}.deliberation"
            ),
            day=day,
        )

    def _verdict(
        self,
        question: RouteQuestion | None,
        dossiers: Sequence[Dossier],
        consumer: InstitutionKey,
        day: dt.date,
        known_at: dt.datetime | None,
    ) -> Verdict:
        if question is not None:
            return self._decide(question, dossiers, known_at).verdict
        held = any(dossier.institution == consumer and dossier.period.holds(day) for dossier in dossiers)
        return Verdict.ALLOWED if held else Verdict.NO_OWN_DOSSIER


def _known_at(message: Any, call: Call, field: str) -> dt.datetime | None:
    return (
        parse_instant(message.known_at, field, not_after=call.now) if message.HasField("known_at") else None
    )


def _legal_basis(call: Call) -> str:
    assert call.purpose is not None  # the boundary lets nobody in without
    return call.purpose.legal_basis


def _read_number(text: str) -> Ssin | None:
    try:
        return Ssin.parse(text)
    except SsinError:
        return None


def _position(after: list[str | int | None] | None) -> list[Any] | None:
    if after is None:
        return None
    sector, institution, capacity, begin, phase = after
    return [sector, institution, capacity, dt.date.fromisoformat(str(begin)), phase]


def _too_many(field: str) -> RegistryError:
    return RegistryError(
        Reason.TOO_MANY_ELEMENTS,
        "too many elements in one message",
        field=field,
        metadata={"limit": str(_CHUNK_LIMIT)},
    )
