"""The part of `IdentityClient` that keeps the numbers in order."""

import datetime as dt
import uuid
from collections.abc import Iterable

from kruispunt._async.client import Caller
from kruispunt._header import header
from kruispunt._messages import optional_date
from kruispunt._registering_messages import (
    cancellation_of,
    move_of,
    preview_of,
    protection_change_of,
    receipt_of,
    replacement_of,
)
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.identity.v1 import registration_service_pb2_grpc as rpc
from kruispunt.persons import NumberChangeReason, Register
from kruispunt.registering import (
    Cancellation,
    NumberReplacement,
    ProtectionChange,
    ProtectionState,
    RegisterMove,
    ReplacementPreview,
    SplitReceipt,
)
from kruispunt.ssin import Ssin


class NumberingMethods(Caller):
    """Replacing is for institutions and registrars, the rest for registrars."""

    async def preview_replacement(
        self, former: Ssin | str, next_: Ssin | str, *, timeout_s: float | None = None
    ) -> ReplacementPreview:
        """Say what a replacement would do: what would move, who would be told, what conflicts. Writes nothing.

        Raises:
            KruispuntError: as `replace_number`.
        """
        request = pb.PreviewReplacementRequest(former_ssin=str(former), next_ssin=str(next_))
        return preview_of(await self._ask(self._registration.PreviewReplacement, request, timeout_s))

    async def replace_number(
        self,
        former: Ssin | str,
        next_: Ssin | str,
        *,
        reason: NumberChangeReason,
        effective_date: dt.date | None = None,
        former_etag: str = "",
        next_etag: str = "",
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> NumberReplacement:
        """Replace a number by another of the same person: bis by bis, or bis by national.

        Args:
            former: the number that is replaced; it leads to the other from then on, for ever.
            next_: the number that takes its place.
            reason: DUPLICATE, NATIONAL_NUMBER_GIVEN or CORRECTION.
            effective_date: day from which it holds, not in the future; left out: today.
            former_etag: as previewed; left out: whatever stands.
            next_etag: likewise.
            request_id: names the change; left out: the client makes one.
            validate_only: check only, write nothing.
            timeout_s: for this call instead of the client's.

        Returns:
            Where the former number leads. The same replacement again changes nothing.

        Raises:
            SamePerson: both are the same number.
            FailedPrecondition: NumberReplaced, NumberCancelled, ReplacementForbidden.
            EtagMismatch: one of the persons changed since it was previewed.
        """
        request = pb.ReplaceNumberRequest(
            **header(request_id, validate_only),
            former_ssin=str(former),
            next_ssin=str(next_),
            reason=reason.value,  # type: ignore[arg-type]  # same numbers, held by a test
            effective_date=optional_date(effective_date),
            former_etag=former_etag,
            next_etag=next_etag,
        )
        return replacement_of(await self._ask(self._registration.ReplaceNumber, request, timeout_s))

    async def split_number(
        self,
        number: Ssin | str,
        *,
        take_fact_ids: Iterable[str] = (),
        effective_date: dt.date | None = None,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> SplitReceipt:
        """Undo the replacement of `number`: two persons had been taken for one.

        Every fact goes back to the number that it was told under. `take_fact_ids` names those told under the
        remaining number that belong to the one split off; with `validate_only` the receipt lists the undecided ones.

        Raises:
            NotReplaced: the number was not replaced.
            FactUnknown: a fact to take along is not of the remaining person.
        """
        request = pb.SplitNumberRequest(
            **header(request_id, validate_only),
            ssin=str(number),
            take_fact_ids=take_fact_ids,
            effective_date=optional_date(effective_date),
        )
        return receipt_of(await self._ask(self._registration.SplitNumber, request, timeout_s))

    async def cancel_number(
        self,
        number: Ssin | str,
        *,
        etag: str = "",
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> Cancellation:
        """Cancel a number that was given out by mistake; it leads to nobody, and can still be read.

        Raises:
            FailedPrecondition: NumberReplaced, NumberCancelled, NationalData.
        """
        request = pb.CancelNumberRequest(**header(request_id, validate_only), ssin=str(number), etag=etag)
        return cancellation_of(await self._ask(self._registration.CancelNumber, request, timeout_s))

    async def move_to_register(
        self,
        person: Ssin | str,
        register: Register,
        *,
        effective_date: dt.date | None = None,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> RegisterMove:
        """Move a person with a national number to RAD, which takes the last national data over, or back to NATIONAL.

        Raises:
            MoveForbidden: not between these registers.
        """
        request = pb.MoveToRegisterRequest(
            **header(request_id, validate_only),
            ssin=str(person),
            register=register.value,  # type: ignore[arg-type]  # same numbers, held by a test
            effective_date=optional_date(effective_date),
        )
        return move_of(await self._ask(self._registration.MoveToRegister, request, timeout_s))

    async def set_protection(
        self,
        person: Ssin | str,
        state: ProtectionState,
        *,
        reference: str,
        effective_date: dt.date | None = None,
        etag: str = "",
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> ProtectionChange:
        """Protect a person (address secrecy), or lift the protection.

        It holds from now on: who may not see protected persons is shown a number and a mark. The same again changes
        nothing.

        Args:
            person: number of the person.
            state: PROTECTED or LIFTED.
            reference: where the decision is filed, at most 100 characters; no personal data.
            effective_date: day from which it is said to hold, not in the future; left out: today.
            etag: as read; left out: whatever stands.
            request_id: names the change; left out: the client makes one.
            validate_only: check only, write nothing.
            timeout_s: for this call instead of the client's.

        Raises:
            PersonProtected: the grant does not show protected persons, and so does not let lift.
            PeriodInverted: lifted before it begins.
            FailedPrecondition: NumberCancelled.
        """
        request = pb.SetProtectionRequest(
            **header(request_id, validate_only),
            ssin=str(person),
            state=state.value,  # type: ignore[arg-type]  # same numbers, held by a test
            reference=reference,
            effective_date=optional_date(effective_date),
            etag=etag,
        )
        return protection_change_of(await self._ask(self._registration.SetProtection, request, timeout_s))

    @property
    def _registration(self) -> "rpc.RegistrationServiceAsyncStub":
        return self._connection.stub(rpc.RegistrationServiceStub)
