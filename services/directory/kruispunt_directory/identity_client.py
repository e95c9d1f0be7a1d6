"""What the identity registers say of a number, asked through the public client, under the caller's own purpose.

The directory is a participant of identity like any other: it sees name, birth date and gender, and asks for them only
where an institution sent a claim along to be compared.
"""

import time
from collections.abc import Collection, Mapping
from typing import Self

from kruispunt import IdentityClient
from kruispunt.errors import CallCancelled, DeadlineExceeded, PersonUnknown, TooManyCalls, Unavailable
from kruispunt.facts import Birth, DataGroup, Gender, Name
from kruispunt.persons import NumberOutcome, Person, PersonResult, ResolvedNumber
from kruispunt.profiles import ClientCertificates
from kruispunt.ssin import Ssin
from kruispunt.values import Purpose
from kruispunt_directory.domain.claim import Claim, PartialDate, RegisteredPerson
from kruispunt_server.call import Call
from kruispunt_server.errors import Reason, RegistryError

_PATIENCE_S = 2.0
_TIMES_FOR_MANY = 5  # a thousand persons take longer than one
_RETRY_S = 1.0
_COMPARED = (DataGroup.NAME, DataGroup.BIRTH, DataGroup.GENDER)
_PASSING = (Unavailable, DeadlineExceeded, CallCancelled, TooManyCalls)
# A client states some purpose; each question here states its caller's.
_NEVER_STATED = Purpose(legal_basis="none", end_user="directory", case="none")


class IdentityRegister:
    """The identity service. Nothing is kept.

    Args:
        client: of identity, as the participant that the directory is there; its own purpose is never used.
        patience_s: how long identity is waited for.
    """

    def __init__(self, client: IdentityClient, patience_s: float = _PATIENCE_S) -> None:
        self._client = client
        self._patience_s = patience_s

    @classmethod
    def over(
        cls, endpoint: str, certificates: ClientCertificates | None, patience_s: float = _PATIENCE_S
    ) -> Self:
        """Connect to identity.

        Args:
            endpoint: `host:port`.
            certificates: who the directory is there; none: plaintext, on loopback only.
            patience_s: how long identity is waited for.

        Raises:
            ValueError: no certificates, and not on loopback.
        """
        client = IdentityClient(
            endpoint,
            certificates=certificates,
            purpose=_NEVER_STATED,
            consistency="latest",  # a check inside a write: what stands counts, not what stood
        )
        return cls(client, patience_s)

    def find(self, call: Call, number: Ssin, *, with_claim: bool) -> RegisteredPerson | None:
        """Return what the registers say of a number.

        Raises:
            RegistryError: as `kruispunt_directory.domain.claim.PersonRegister`.
        """
        client, left_s = self._asking(call, self._patience_s)
        try:
            if not with_claim:
                return _registered(next(client.resolve_numbers([number], timeout_s=left_s)), None)
            person = client.get_person(number, data_groups=_COMPARED, timeout_s=left_s)
        except PersonUnknown:
            return None
        except _PASSING as error:
            raise _given_up(call, error.retry_after_s) from error
        assert person.resolution is not None, "a number was asked for"
        return _registered(person.resolution, _claim_of(person))

    def find_many(
        self, call: Call, numbers: Collection[Ssin], with_claim: Collection[Ssin]
    ) -> Mapping[Ssin, RegisteredPerson]:
        """Return what the registers say of up to 1000 numbers; one call for those with a claim, one for the others.

        Raises:
            RegistryError: as `kruispunt_directory.domain.claim.PersonRegister`.
        """
        client, left_s = self._asking(call, self._patience_s * _TIMES_FOR_MANY)
        whole = sorted(with_claim)
        plain = sorted(set(numbers).difference(whole))
        found: dict[Ssin, RegisteredPerson | None] = {}
        try:
            if plain:
                resolved = client.resolve_numbers(plain, timeout_s=left_s)
                found |= {
                    number: _registered(each, None) for number, each in zip(plain, resolved, strict=True)
                }
            if whole:
                persons = client.get_persons(whole, data_groups=_COMPARED, timeout_s=left_s)
                for number, (resolution, person) in zip(whole, map(_parts, persons), strict=True):
                    found[number] = _registered(resolution, None if person is None else _claim_of(person))
        except _PASSING as error:
            raise _given_up(call, error.retry_after_s) from error
        return {number: person for number, person in found.items() if person is not None}

    def _asking(self, call: Call, patience_s: float) -> tuple[IdentityClient, float]:
        """Return the client under the purpose of a call, and how long it may ask."""
        left_s = min(call.deadline - time.monotonic(), patience_s)
        if left_s <= 0:
            raise _given_up(call)
        assert call.purpose is not None, "whoever registers a dossier said why"
        purpose = Purpose(call.purpose.legal_basis, call.purpose.end_user, call.purpose.case)
        return self._client.with_purpose(purpose), left_s

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _parts(result: PersonResult) -> tuple[ResolvedNumber, Person | None]:
    return result.resolution, result.person


def _registered(resolved: ResolvedNumber, claim: Claim | None) -> RegisteredPerson | None:
    if resolved.current is None:
        return None
    return RegisteredPerson(
        claim,
        is_replaced=str(resolved.current) != resolved.asked,
        is_cancelled=resolved.outcome is NumberOutcome.CANCELLED,
    )


def _claim_of(person: Person) -> Claim:
    """Return what can be compared; what the registers do not know stays empty."""
    name, birth, sex = Name(""), None, 0
    for fact in person.facts:
        match fact.value:
            case Name():
                name = fact.value
            case Birth(date=born):
                birth = PartialDate(born.year, born.month, born.day)
            case Gender():
                sex = fact.value.value
    return Claim(name.family_name, tuple(name.given_names), birth, sex)


def _given_up(call: Call, retry_after_s: float | None = None) -> RegistryError:
    if time.monotonic() >= call.deadline:
        return RegistryError(Reason.DEADLINE_OVER, "the deadline passed before the registers answered")
    return RegistryError(
        Reason.REGISTER_UNAVAILABLE,
        "the identity registers cannot be asked now whether the number stands",
        retry_after_s=retry_after_s or _RETRY_S,
    )
