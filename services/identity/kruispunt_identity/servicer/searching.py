"""SearchPersons and ListSuspectedDuplicates: who it may be, and which two may be one."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.identity.v1 import search_pb2
from kruispunt_identity.domain.rights import NUMBER
from kruispunt_identity.domain.search import Search
from kruispunt_identity.matching.grade import Grade
from kruispunt_identity.matching.suspicion import SuspicionPosition
from kruispunt_identity.messages.searching import candidate_message, parse_criteria, suspicion_message
from kruispunt_identity.servicer.candidates import CandidateViews
from kruispunt_identity.store.candidates import MOST_SHOWN, Candidate, CandidateSearch
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import parse_code, parse_page_size

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_identity.store.decisions import DecisionStore
    from kruispunt_identity.store.searches import SearchLog

_USUAL_LIMIT = 10
_DIGEST_BYTES = 16


class SearchingServicer:
    """One method per rpc: parse, search, build. What each does stands in the contract.

    Args:
        candidates: searches.
        views: show candidates.
        searches: where every search is kept.
        decisions: the work list.
        tokens: page tokens.
        clock: what today is.
        digest_key: 32 secret bytes: equal criteria have equal digests, and nobody else can make one.
    """

    def __init__(
        self,
        candidates: CandidateSearch,
        views: CandidateViews,
        searches: "SearchLog",
        decisions: "DecisionStore",
        tokens: PageTokens,
        clock: Clock,
        digest_key: bytes,
    ) -> None:
        self._candidates = candidates
        self._views = views
        self._searches = searches
        self._decisions = decisions
        self._tokens = tokens
        self._clock = clock
        self._digest_key = digest_key

    def SearchPersons(self, request: pb.SearchPersonsRequest, call: Call) -> pb.SearchPersonsResponse:
        """Search; the account of it is written before the answer, or the refusal, leaves."""
        criteria = parse_criteria(request.criteria, self._clock.today())
        limit = parse_code(request.limit, "limit", 0, MOST_SHOWN) or _USUAL_LIMIT
        found = self._candidates.look(criteria.query, criteria.year_tolerance)
        ranked = self._views.worth_showing(found.ranked, call.right)
        shown = [] if found.too_weak else ranked[:limit]
        search = self._kept(call, request.criteria, shown, found.rules_version)
        if found.too_weak:
            raise RegistryError(
                Reason.TOO_MANY_CANDIDATES,
                "more persons fit than may be shown; this criterion lets too many through",
                field=f"criteria.{found.too_weak}",
                metadata={"limit": str(MOST_SHOWN)},
            )
        explained = self._views.explained(call.right)
        response = pb.SearchPersonsResponse(
            candidates=[candidate_message(each, explained=explained) for each in shown],
            search_id=str(search.search_id),
            rules_version=found.rules_version,
            truncated=len(ranked) > limit,
        )
        self._views.show(response, call)
        return response

    def ListSuspectedDuplicates(
        self, request: pb.ListSuspectedDuplicatesRequest, call: Call
    ) -> pb.ListSuspectedDuplicatesResponse:
        """Return one page of the work list."""
        least, size = request.least_grade, parse_page_size(request.page_size, "page_size")
        if not 0 <= least <= max(Grade):
            raise RegistryError(Reason.CODE_UNKNOWN, "there is no such grade", field="least_grade")
        query = f"ListSuspectedDuplicates|{least}".encode()
        after = (
            SuspicionPosition.read(self._tokens.read(query, request.page_token))
            if request.page_token
            else None
        )
        found = self._decisions.page(least=least, after=after, limit=size + 1)
        page = found[:size]
        withheld = self._views.hidden({number for each in page for number in each.persons}, call.right)
        shown = [each for each in page if withheld.isdisjoint(each.persons)]
        for number in {number for each in shown for number in each.persons}:
            call.look(int(number), NUMBER, "suspected_duplicate")
        return pb.ListSuspectedDuplicatesResponse(
            pairs=[suspicion_message(each) for each in shown],
            next_page_token=self._tokens.make(query, SuspicionPosition.of(page[-1]).written())
            if len(found) > size
            else "",
        )

    def _kept(
        self, call: Call, criteria: search_pb2.PersonCriteria, shown: Sequence[Candidate], rules_version: int
    ) -> Search:
        said = criteria.SerializeToString(deterministic=True)
        search = Search(
            search_id=new_id(),
            participant_id=call.participant.participant_id,
            made_at=self._clock.now(),
            rules_version=rules_version,
            criteria_digest=hashlib.blake2b(said, key=self._digest_key, digest_size=_DIGEST_BYTES).digest(),
            candidates=tuple((int(each.ssin), int(each.grade), each.hit.score.log2_odds) for each in shown),
        )
        self._searches.keep(search)
        return search
