"""The half of `DirectoryClient` by which an institution says what it holds."""

import datetime as dt
import uuid
from collections.abc import Iterable

from google.protobuf.field_mask_pb2 import FieldMask

from kruispunt._async.client import Caller
from kruispunt._header import header
from kruispunt._messages import (
    change_of,
    claim_message,
    date_message,
    institution_message,
    optional_date,
    optional_instant,
    period_message,
    put_shape,
    registration_of,
    removal_of,
)
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.directory.v1 import dossier_service_pb2_grpc as rpc
from kruispunt.period import Period
from kruispunt.shapes import Shape
from kruispunt.ssin import Ssin
from kruispunt.values import (
    Change,
    Dossier,
    InstitutionRef,
    NetworkLevel,
    PersonClaim,
    ReconfirmationOutcome,
    Registration,
    Removal,
)


class WritingMethods(Caller):
    """Every method is one transaction, carried out whole or not at all, and safe to repeat.

    `request_id` names the change; left out, the client makes one and keeps it over its own repetitions.
    A program that wants to repeat after a crash makes its own.
    With `validate_only` everything is checked and answered as if done, and nothing is written.
    """

    async def register_dossier(
        self,
        person: Ssin | str,
        *,
        capacity: int,
        period: Period,
        phase: int = 0,
        institution: InstitutionRef | None = None,
        network_level: NetworkLevel = NetworkLevel.UNSPECIFIED,
        source: str = "",
        claim: PersonClaim | None = None,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> Registration:
        """Say that the institution holds a dossier on a person.

        Args:
            person: number of the person; a replaced one is followed to the current one.
            capacity: 0 to 999; exists in the sector at the begin of the period.
            period: days on which the dossier is open.
            phase: 0 to 99; exists in the capacity.
            institution: the caller's own, which is also taken if left out.
            network_level: left out: that of the institution.
            source: where the institution has it from, 1 to 32 of a-z, 0-9 and "-".
            claim: what the institution believes about the person, to be compared with the register.
            request_id: as said above, like `validate_only`.
            validate_only: as said above.
            timeout_s: for this call instead of the client's.

        Returns:
            The dossier as it stands. The same registration again is a warning and changes nothing.

        Raises:
            FailedPrecondition: InstitutionUnknown, CapacityUnknown, PhaseUnknown, PhaseOverlap,
                ClaimDisagrees or NumberCancelled.
            NotOwnInstitution: `institution` is another's.
            KruispuntError: any other refusal.
        """
        request = pb.RegisterDossierRequest(
            **header(request_id, validate_only),
            ssin=str(person),
            institution=institution_message(institution),
            capacity=capacity,
            phase=phase,
            period=period_message(period),
            network_level=network_level.value,  # type: ignore[arg-type]  # same numbers, held by a test
            source=source,
            claim=claim_message(claim),
        )
        return registration_of(await self._ask(self._dossiers.RegisterDossier, request, timeout_s))

    async def update_dossier(
        self,
        person: Ssin | str,
        dossier_id: str,
        *,
        phase: int | None = None,
        period: Period | None = None,
        network_level: NetworkLevel | None = None,
        source: str | None = None,
        effective_from: dt.date | None = None,
        etag: str = "",
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> Change:
        """Change phase, period, network level or source; what is left out stays.

        Args:
            person: number of the person.
            dossier_id: the dossier.
            phase: 0 to 99.
            period: not together with `effective_from`.
            network_level: not UNSPECIFIED.
            source: 1 to 32 of a-z, 0-9 and "-".
            effective_from: from that day on only; the dossier is split there.
            etag: as read; left out: whatever stands.
            request_id: as said above, like `validate_only`.
            validate_only: as said above.
            timeout_s: for this call instead of the client's.

        Raises:
            DossierUnknown: the institution has no such dossier on the person.
            EtagMismatch: it changed since it was read.
            FailedPrecondition: as `register_dossier`, or OutsidePeriod.
        """
        changes = {"phase": phase, "period": period, "network_level": network_level, "source": source}
        request = pb.UpdateDossierRequest(
            **header(request_id, validate_only),
            ssin=str(person),
            dossier_id=dossier_id,
            etag=etag,
            update_mask=FieldMask(paths=[name for name, value in changes.items() if value is not None]),
            phase=phase or 0,
            period=period_message(period),
            network_level=(network_level or NetworkLevel.UNSPECIFIED).value,  # type: ignore[arg-type]
            source=source or "",
            effective_from=optional_date(effective_from),
        )
        answer = await self._ask(self._dossiers.UpdateDossier, request, timeout_s)
        return change_of(answer)

    async def close_dossier(
        self,
        person: Ssin | str,
        dossier_id: str,
        *,
        end: dt.date,
        etag: str = "",
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> Change:
        """Give a dossier an end, or an earlier one; `end` is the day after the last.

        Raises:
            DossierUnknown: the institution has no such dossier on the person.
            EtagMismatch: it changed since it was read.
            OutsidePeriod: `end` is not after the begin, or after the end that stands.
        """
        request = pb.CloseDossierRequest(
            **header(request_id, validate_only),
            ssin=str(person),
            dossier_id=dossier_id,
            etag=etag,
            end=date_message(end),
        )
        answer = await self._ask(self._dossiers.CloseDossier, request, timeout_s)
        return change_of(answer)

    async def remove_dossiers(
        self,
        person: Ssin | str,
        shape: Shape,
        *,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> Removal:
        """Take back dossiers that should not have been registered, in one of the shapes of `kruispunt.shapes`.

        What was removed stays visible to reads that ask what was known before. Nothing to remove is no error.

        Raises:
            DossierUnknown: there is no such dossier to cut.
            OutsidePeriod: the span to cut shares no day with the dossier.
        """
        request = pb.RemoveDossiersRequest(**header(request_id, validate_only), ssin=str(person))
        put_shape(request, shape)
        return removal_of(await self._ask(self._dossiers.RemoveDossiers, request, timeout_s))

    async def reconfirm_dossiers(
        self,
        dossiers: Iterable[Dossier | tuple[Ssin | str, str]] = (),
        *,
        synchronised_until: dt.datetime | None = None,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> list[ReconfirmationOutcome]:
        """Say that dossiers are still true, and, if wished, until when everything was told.

        Args:
            dossiers: at most 1000, each once: as listed, or pairs of number and dossier identifier.
            synchronised_until: zone-aware, not in the future.
            request_id: as said above, like `validate_only`.
            validate_only: as said above.
            timeout_s: for this call instead of the client's.

        Returns:
            One outcome for each, in the same order.
        """
        keys = [(d.ssin, d.dossier_id) if isinstance(d, Dossier) else d for d in dossiers]
        request = pb.ReconfirmDossiersRequest(
            **header(request_id, validate_only),
            dossiers=[pb.ReconfirmDossiersRequest.Key(ssin=str(p), dossier_id=i) for p, i in keys],
            synchronised_until=optional_instant(synchronised_until),
        )
        response = await self._ask(self._dossiers.ReconfirmDossiers, request, timeout_s)
        return [ReconfirmationOutcome(outcome) for outcome in response.outcomes]

    @property
    def _dossiers(self) -> "rpc.DossierServiceAsyncStub":
        return self._connection.stub(rpc.DossierServiceStub)
