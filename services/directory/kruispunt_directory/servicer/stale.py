"""ListStaleDossiers: the caller's own dossiers that want attention."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_directory.domain.attention import AttentionPosition
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.messages.directory import stale_message
from kruispunt_directory.servicer.knowledge_source import KnowledgeSource
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import parse_code, parse_page_size

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.attention import AttentionReader

_UNCONFIRMED_DAYS = 365


class StaleLister:
    """Lists one kind of stale dossiers at a time, longest waiting first."""

    def __init__(
        self, attention: "AttentionReader", knowledge: KnowledgeSource, tokens: PageTokens, clock: Clock
    ) -> None:
        self._attention = attention
        self._knowledge = knowledge
        self._tokens = tokens
        self._clock = clock

    def page(self, request: pb.ListStaleDossiersRequest, call: Call) -> pb.ListStaleDossiersResponse:
        """Return one page."""
        institution = call.participant.own_institution()
        kind = request.kind or pb.STALE_KIND_NOT_CONFIRMED
        size = parse_page_size(request.page_size, "page_size")
        days = parse_code(request.unconfirmed_days, "unconfirmed_days", 0, 36_500) or _UNCONFIRMED_DAYS
        query = f"ListStaleDossiers|{institution}|{kind}|{days}".encode()
        after = (
            AttentionPosition.read(self._tokens.read(query, request.page_token))
            if request.page_token
            else None
        )
        found = self._find(institution, kind, days, after=after, limit=size + 1)
        complete = len(found) <= size
        page = found[:size]
        now = self._clock.now()
        for dossier in page:
            call.look(int(dossier.person), "dossier", "stale")
        return pb.ListStaleDossiersResponse(
            dossiers=[stale_message(dossier, kind, dossier.confirmed_at, now) for dossier in page],
            next_page_token=""
            if complete
            else self._tokens.make(query, AttentionPosition.of(page[-1]).written()),
            complete=complete,
        )

    def _find(
        self,
        institution: InstitutionKey,
        kind: int,
        days: int,
        *,
        after: AttentionPosition | None,
        limit: int,
    ) -> list[Dossier]:
        today = self._clock.today()
        paging: dict[str, Any] = {"today": today, "after": after, "limit": limit}
        if kind == pb.STALE_KIND_NOT_CONFIRMED:
            before = self._clock.now() - dt.timedelta(days=days)
            return self._attention.not_confirmed(institution, before=before, **paging)
        if kind == pb.STALE_KIND_OVERLAPPING:
            return self._attention.overlapping(institution, **paging)
        if kind == pb.STALE_KIND_ORPHANED:
            return self._attention.orphaned(institution, **paging)
        if kind == pb.STALE_KIND_CODE_ENDED:
            return self._attention.in_capacities(
                institution, self._ended_capacities(institution, today), **paging
            )
        raise RegistryError(Reason.FIELD_INVALID, "no such kind", field="kind")

    def _ended_capacities(self, institution: InstitutionKey, today: dt.date) -> list[int]:
        """Return the capacities in use that exist no more; all of them once the institution itself ended."""
        used = self._attention.capacities_in_use(institution, today=today)
        knowledge = self._knowledge.current()
        if knowledge.find_institution(institution, today) is None:
            return used
        return [code for code in used if knowledge.find_capacity(institution.sector, code, today) is None]
