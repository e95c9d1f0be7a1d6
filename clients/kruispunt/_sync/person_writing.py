# Written by `make generate` from kruispunt/_async; edit it there.
"""The part of `IdentityClient` by which institutions tell what the national register does not know."""

import datetime as dt
import uuid
from collections.abc import Iterable

from kruispunt._fact_messages import key_message, statement_message, validity_message
from kruispunt._header import header
from kruispunt._messages import date_message
from kruispunt._registering_messages import (
    change_message,
    decision_message,
    link_of,
    registration_of,
    retraction_of,
    update_of,
)
from kruispunt._sync.client import Caller
from kruispunt.facts import ForeignIdentifier, IdentifierKey, Statement, Validity
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.identity.v1 import registration_service_pb2_grpc as rpc
from kruispunt.registering import (
    DistinctDecision,
    FactChange,
    IdentifierLink,
    PersonRegistration,
    PersonUpdate,
    Retraction,
)
from kruispunt.ssin import Ssin


class PersonWritingMethods(Caller):
    """Every method is one transaction, carried out whole or not at all, and safe to repeat.

    `request_id` names the change; left out, the client makes one and keeps it over its own repetitions.
    With `validate_only` everything is checked and answered as if done, and nothing is written.
    Only an institution that holds a dossier on the person may write of them (NoDossier, DirectoryRequired,
    DirectoryUnavailable); registrars are exempt, and so is the registration of a new person.
    """

    def register_person(
        self,
        facts: Iterable[Statement],
        *,
        search_id: str = "",
        distinct: Iterable[DistinctDecision] = (),
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> PersonRegistration:
        """Register a person whom no register has, under a new bis number; or learn who it may be.

        The registry searches again. If it finds a strong candidate that `distinct` does not name, nothing is created:
        the outcome is CANDIDATES, which is no error.

        Args:
            facts: of each data group one at most; name and birth are required, with evidence on one at least.
                Minimum, one of: name, whole birth date, birth place and gender; name, birth date and residential
                address abroad; name, birth date and contact address in Belgium.
            search_id: of the search made before, at most 15 minutes ago.
            distinct: candidates that are other persons, and why.
            request_id: as said above, like `validate_only`.
            validate_only: as said above.
            timeout_s: for this call instead of the client's.

        Raises:
            InvalidArgument: MinimumDataMissing, or what is wrong with a fact; `field` says where.
            FailedPrecondition: SearchExpired, NumbersExhausted.
        """
        request = pb.RegisterPersonRequest(
            **header(request_id, validate_only),
            facts=map(statement_message, facts),
            search_id=search_id,
            distinct=map(decision_message, distinct),
        )
        return registration_of(self._ask(self._registration.RegisterPerson, request, timeout_s))

    def update_person(
        self,
        person: Ssin | str,
        changes: Iterable[FactChange | Statement],
        *,
        etag: str = "",
        all_or_none: bool = False,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> PersonUpdate:
        """Say new facts of a person, or correct facts that were wrong; each data group has its own outcome.

        Args:
            person: number of the person; a replaced one is followed.
            changes: of each data group one at most, 1 to 8.
            etag: as read with the person; left out: whatever stands.
            all_or_none: write nothing unless every group can be written.
            request_id: as said above, like `validate_only`.
            validate_only: as said above.
            timeout_s: for this call instead of the client's.

        Returns:
            One result per change, in the order asked; a group that was refused has its reason there.

        Raises:
            PersonUnknown: no register knows the number.
            EtagMismatch: the person changed since it was read.
            NoDossier: the caller holds no dossier on the person.
        """
        request = pb.UpdatePersonRequest(
            **header(request_id, validate_only),
            ssin=str(person),
            etag=etag,
            changes=[
                change_message(FactChange(each) if isinstance(each, Statement) else each) for each in changes
            ],
            all_or_none=all_or_none,
        )
        return update_of(self._ask(self._registration.UpdatePerson, request, timeout_s))

    def retract_fact(
        self,
        person: Ssin | str,
        fact_id: str,
        *,
        etag: str = "",
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> Retraction:
        """Take a fact back that should not have been told; reads of what was known before still show it.

        Raises:
            FactUnknown: the person has no such fact.
            FactSuperseded: it was corrected or retracted already.
            EtagMismatch: the person changed since it was read.
        """
        request = pb.RetractFactRequest(
            **header(request_id, validate_only), ssin=str(person), fact_id=fact_id, etag=etag
        )
        return retraction_of(self._ask(self._registration.RetractFact, request, timeout_s))

    def record_distinct(
        self,
        person: Ssin | str,
        decision: DistinctDecision,
        *,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> bool:
        """Keep the decision that two numbers are two persons; return whether it stood already.

        Raises:
            SamePerson: both are, or lead to, the same number.
            PersonUnknown: no register knows one of them.
        """
        request = pb.RecordDistinctRequest(
            **header(request_id, validate_only), ssin=str(person), decision=decision_message(decision)
        )
        answer = self._ask(self._registration.RecordDistinct, request, timeout_s)
        return answer.already_recorded

    def link_foreign_identifier(
        self,
        person: Ssin | str,
        key: IdentifierKey,
        *,
        validity: Validity | None = None,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> IdentifierLink:
        """Link a foreign identifier to a person, from today on unless `validity` says otherwise.

        Raises:
            IdentifierTaken: it is linked to another person in a part of the period.
        """
        request = pb.LinkForeignIdentifierRequest(
            **header(request_id, validate_only),
            ssin=str(person),
            key=key_message(key),
            validity=validity_message(validity),
        )
        answer = self._ask(self._registration.LinkForeignIdentifier, request, timeout_s)
        return link_of(answer)

    def end_foreign_identifier_link(
        self,
        person: Ssin | str,
        link: ForeignIdentifier | str,
        *,
        end: dt.date,
        etag: str = "",
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> IdentifierLink:
        """End a link, as read or by its identifier; `end` is the day after the last.

        Raises:
            LinkUnknown: the person has no such link.
            EtagMismatch: the link changed since it was read.
            OutsidePeriod: `end` is not after the begin, or after the end that stands.
        """
        request = pb.EndForeignIdentifierLinkRequest(
            **header(request_id, validate_only),
            ssin=str(person),
            link_id=link if isinstance(link, str) else link.link_id,
            end=date_message(end),
            etag=etag,
        )
        answer = self._ask(self._registration.EndForeignIdentifierLink, request, timeout_s)
        return link_of(answer)

    @property
    def _registration(self) -> "rpc.RegistrationServiceStub":
        return self._connection.stub(rpc.RegistrationServiceStub)
