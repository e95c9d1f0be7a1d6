"""The part of `IdentityClient` that asks: who is this, where does a number lead, who may it be."""

import datetime as dt
from collections.abc import AsyncGenerator, Iterable

from kruispunt._async.client import Caller
from kruispunt._async.driver import Source
from kruispunt._async.listing import AsyncListing
from kruispunt._async.streaming import batches
from kruispunt._fact_messages import key_message
from kruispunt._messages import date_message, optional_date, optional_instant
from kruispunt._person_messages import (
    candidate_of,
    group_numbers,
    groups_of,
    pair_of,
    person_of,
    referrals_of,
    resolved_of,
    result_of,
    version_of,
)
from kruispunt.facts import DataGroup, Gender, IdentifierKey
from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.identity.v1 import identity_service_pb2_grpc as rpc
from kruispunt.identity.v1 import search_pb2
from kruispunt.pages import Page
from kruispunt.persons import (
    Grade,
    Person,
    PersonResult,
    PersonSearch,
    PersonVersion,
    ResolvedNumber,
    SuspectedDuplicate,
)
from kruispunt.ssin import Ssin
from kruispunt.values import PartialDate

PERSONS_A_CALL = 1000
NUMBERS_A_CALL = 10_000


class PersonReadingMethods(Caller):
    """Reads take `valid_at` (true in the world that day) and `known_at` (what the registry knew then, zone-aware).

    Left out, both are now. Facts of NATIONAL persons are as the national register tells them today.
    Every read of personal data is recorded before its answer leaves the registry.
    """

    async def get_person(
        self,
        person: Ssin | str,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        data_groups: Iterable[DataGroup] = (),
        timeout_s: float | None = None,
    ) -> Person:
        """Return one person; a replaced number is followed, and `resolution` says so.

        Args:
            person: number of the person.
            valid_at: day on which the facts shown are true.
            known_at: zone-aware, not in the future.
            data_groups: only these; left out: all that the caller may see.
            timeout_s: for this call instead of the client's.

        Raises:
            PersonUnknown: no register knows the number.
            InvalidArgument: NumberMalformed, TimeInFuture.
            RegisterUnavailable: the national register cannot be asked.
        """
        request = pb.GetPersonRequest(
            ssin=str(person),
            valid_at=optional_date(valid_at),
            known_at=optional_instant(known_at),
            data_groups=group_numbers(data_groups),
        )
        answer = await self._ask(self._identity.GetPerson, request, timeout_s)
        return person_of(answer.person, answer.resolution)

    async def open_referral(
        self,
        referral: str,
        *,
        valid_at: dt.date | None = None,
        data_groups: Iterable[DataGroup] = (),
        timeout_s: float | None = None,
    ) -> Person:
        """Return whom a referral names; for register keepers, whose grant shows protected persons.

        Args:
            referral: what an answer gave an institution in place of the number of a protected person.
            valid_at: day on which the facts shown are true.
            data_groups: only these; left out: all that the caller may see.
            timeout_s: for this call instead of the client's.

        Raises:
            PersonProtected: the grant does not show protected persons.
            FieldInvalid: it is no referral of this registry.
        """
        request = pb.GetPersonRequest(
            referral=referral, valid_at=optional_date(valid_at), data_groups=group_numbers(data_groups)
        )
        answer = await self._ask(self._identity.GetPerson, request, timeout_s)
        return person_of(answer.person, answer.resolution)

    async def get_persons(
        self,
        persons: Source[Ssin | str],
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        data_groups: Iterable[DataGroup] = (),
        timeout_s: float | None = None,
    ) -> AsyncGenerator[PersonResult, None]:
        """Return any number of persons, asked 1000 at a time as they are read; one result each, in order.

        A number that is unknown or malformed is no error: its result has no person.
        """
        groups = group_numbers(data_groups)
        async for batch in batches(persons, PERSONS_A_CALL):
            request = pb.BatchGetPersonsRequest(
                ssins=map(str, batch),
                valid_at=optional_date(valid_at),
                known_at=optional_instant(known_at),
                data_groups=groups,
            )
            answer = await self._ask(self._identity.BatchGetPersons, request, timeout_s)
            for each in answer.results:
                yield result_of(each)

    async def resolve_numbers(
        self,
        numbers: Source[Ssin | str],
        *,
        known_at: dt.datetime | None = None,
        timeout_s: float | None = None,
    ) -> AsyncGenerator[ResolvedNumber, None]:
        """Say where any number of numbers lead, asked 10,000 at a time as they are read; one answer each, in order.

        An unknown or malformed number has its own outcome. Numbers in ascending order are answered fastest.
        """
        async for batch in batches(numbers, NUMBERS_A_CALL):
            request = pb.ResolveNumbersRequest(ssins=map(str, batch), known_at=optional_instant(known_at))
            answer = await self._ask(self._identity.ResolveNumbers, request, timeout_s)
            for each in answer.results:
                yield resolved_of(each)

    async def search_persons(
        self,
        family_name: str,
        birth_date: PartialDate | dt.date,
        *,
        given_names: Iterable[str] = (),
        gender: Gender = Gender.UNSPECIFIED,
        country: str = "",
        year_tolerance: int = 0,
        limit: int = 0,
        timeout_s: float | None = None,
    ) -> PersonSearch:
        """Search persons over all registers, old names and former numbers included.

        Args:
            family_name: 1 to 100 characters.
            birth_date: the year at least; unknown parts are 0.
            given_names: in their order; initials will do.
            gender: if it is known.
            country: of birth, nationality or residence, ISO 3166-1 alpha-2.
            year_tolerance: years by which the birth year may be off, 0 to 5; 0 means 1.
            limit: candidates at most, 1 to 50; 0 means 10.
            timeout_s: for this call instead of the client's.

        Raises:
            TooManyCandidates: more persons are comparable than may be shown; `field` is the criterion to sharpen.
            InvalidArgument: FieldRequired, DateInvalid, TextTooLong, TextForbidden, CountryUnknown.
        """
        criteria = search_pb2.PersonCriteria(
            family_name=family_name,
            given_names=given_names,
            birth_date=date_message(birth_date),
            year_tolerance=year_tolerance,
            gender=gender.value,  # type: ignore[arg-type]  # same numbers, held by a test
            country=country,
        )
        request = pb.SearchPersonsRequest(criteria=criteria, limit=limit)
        answer = await self._ask(self._identity.SearchPersons, request, timeout_s)
        candidates = tuple(map(candidate_of, answer.candidates))
        return PersonSearch(
            candidates,
            answer.search_id,
            answer.rules_version,
            answer.truncated,
            referrals_of(answer.referrals),
            answer,
        )

    def list_person_versions(
        self,
        person: Ssin | str,
        *,
        data_groups: Iterable[DataGroup] = (),
        known_at: dt.datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout_s: float | None = None,
    ) -> AsyncListing[PersonVersion]:
        """List everything ever recorded of one person, in the order of recording.

        Facts that stand, were corrected or retracted; what happened to the numbers; foreign identifiers. Each page
        says what the number turned out to be, and which data groups are withheld.

        Raises:
            PersonUnknown: no register knows the number; when the first page is read.
        """
        request = pb.ListPersonVersionsRequest(
            ssin=str(person),
            data_groups=group_numbers(data_groups),
            known_at=optional_instant(known_at),
            page_size=page_size,
        )

        async def fetch(token: str) -> Page[PersonVersion]:
            request.page_token = token
            answer = await self._ask(self._identity.ListPersonVersions, request, timeout_s)
            return Page(
                tuple(each for each in map(version_of, answer.versions) if each is not None),
                answer.next_page_token,
                complete=not answer.next_page_token,
                message=answer,
                number=resolved_of(answer.resolution),
                withheld=groups_of(answer.withheld),
            )

        return AsyncListing(fetch, page_token)

    async def find_persons_by_foreign_identifier(
        self,
        key: IdentifierKey,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        timeout_s: float | None = None,
    ) -> list[Person]:
        """Return the persons that a foreign identifier is linked to on a day: usually one, none if nobody.

        Protected persons are left out, unless the grant shows them.
        """
        request = pb.FindPersonsByForeignIdentifierRequest(
            key=key_message(key), valid_at=optional_date(valid_at), known_at=optional_instant(known_at)
        )
        answer = await self._ask(self._identity.FindPersonsByForeignIdentifier, request, timeout_s)
        return [person_of(each) for each in answer.persons]

    def suspected_duplicates(
        self,
        least_grade: Grade = Grade.UNSPECIFIED,
        *,
        page_size: int = 0,
        timeout_s: float | None = None,
    ) -> AsyncListing[SuspectedDuplicate]:
        """List pairs of numbers that may be one person and that nobody has decided yet, best first; for registrars."""
        request = pb.ListSuspectedDuplicatesRequest(
            least_grade=least_grade.value,  # type: ignore[arg-type]  # same numbers, held by a test
            page_size=page_size,
        )

        async def fetch(token: str) -> Page[SuspectedDuplicate]:
            request.page_token = token
            answer = await self._ask(self._identity.ListSuspectedDuplicates, request, timeout_s)
            pairs = tuple(map(pair_of, answer.pairs))
            return Page(pairs, answer.next_page_token, complete=not answer.next_page_token, message=answer)

        return AsyncListing(fetch)

    @property
    def _identity(self) -> "rpc.IdentityServiceAsyncStub":
        return self._connection.stub(rpc.IdentityServiceStub)
