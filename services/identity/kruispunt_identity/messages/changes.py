"""Changes of a person: protobuf to domain. The paths: `changes[1].statement.value.birth.date`."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.values import DataGroup
from kruispunt_identity.messages.statements import parse_statement
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import UUID_FORM

_MOST = len(DataGroup)


@dataclass(frozen=True, slots=True)
class FactChange:
    """A new fact, or a correction.

    Attributes:
        statement: what is true.
        corrects: the fact that was wrong.
        keeps_days: whether no days were said: a correction is then true on those of the fact that it corrects.
    """

    statement: Statement
    corrects: uuid.UUID | None
    keeps_days: bool


def parse_changes(changes: Sequence[pb.FactChange], today: dt.date) -> list[FactChange]:
    """Read the changes of a request.

    Raises:
        RegistryError: none, INVALID_ARGUMENT / FIELD_REQUIRED; more than there are data groups, RESOURCE_EXHAUSTED /
            TOO_MANY_ELEMENTS; two of one data group, INVALID_ARGUMENT / FIELD_INVALID; as of `parse_statement` and
            `parse_id`.
    """
    if not changes:
        raise RegistryError(Reason.FIELD_REQUIRED, "a change is required", field="changes")
    if len(changes) > _MOST:
        raise RegistryError(
            Reason.TOO_MANY_ELEMENTS,
            "too many changes in one request",
            field="changes",
            metadata={"limit": str(_MOST)},
        )
    read: dict[DataGroup, FactChange] = {}
    for place, change in enumerate(changes):
        statement = parse_statement(change.statement, f"changes[{place}].statement", today)
        if statement.group in read:
            raise RegistryError(
                Reason.FIELD_INVALID,
                "the data group stands there already",
                field=f"changes[{place}].statement.value",
            )
        corrects = change.corrects_fact_id
        read[statement.group] = FactChange(
            statement,
            parse_id(corrects, f"changes[{place}].corrects_fact_id") if corrects else None,
            keeps_days=not change.statement.HasField("validity"),
        )
    return list(read.values())


def parse_id(text: str, field: str) -> uuid.UUID:
    """Read the identifier of a fact or a link.

    Raises:
        RegistryError: empty, INVALID_ARGUMENT / FIELD_REQUIRED; no UUID, INVALID_ARGUMENT / FIELD_INVALID.
    """
    if not text:
        raise RegistryError(Reason.FIELD_REQUIRED, "an identifier is required", field=field)
    if UUID_FORM.fullmatch(text) is None:
        raise RegistryError(Reason.FIELD_INVALID, "the identifier is no UUID", field=field)
    return uuid.UUID(text)
