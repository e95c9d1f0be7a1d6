"""Rows of an import: protobuf to domain and back."""

import datetime as dt
from typing import Final

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.domain.importing import (
    ImportRow,
    Link,
    RowResult,
    check_number,
    check_statements,
    refused,
)
from kruispunt_identity.domain.number import Register
from kruispunt_identity.messages.statements import parse_statement
from kruispunt_identity.messages.values import parse_identifier_key, parse_validity
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import REASON_NUMBERS, parse_ssin

_FACTS, _LINKS = 8, 20
_REGISTERS: Final = {0: Register.BIS, **{int(register): register for register in Register}}
# Paths are put together once: a row in a million is wrong, and all of them are read.
_FACT_PATHS: Final = tuple(f"facts[{place}]" for place in range(_FACTS))


def parse_row(message: pb.ImportRow, row: int, today: dt.date) -> ImportRow | RowResult:
    """Read a row; one that is wrong is an outcome, and stops nobody."""
    try:
        return _parse(message, row, today)
    except RegistryError as error:
        return refused(row, error)


def _parse(message: pb.ImportRow, row: int, today: dt.date) -> ImportRow:
    register = _REGISTERS.get(message.register)
    if register is None:
        raise RegistryError(Reason.CODE_UNKNOWN, "there is no such register", field="register")
    ssin = parse_ssin(message.ssin, "ssin") if message.ssin else None
    check_number(ssin, register)
    if len(message.facts) > _FACTS:
        raise _too_many("facts", _FACTS)
    statements = tuple(
        [parse_statement(fact, path, today) for fact, path in zip(message.facts, _FACT_PATHS, strict=False)]
    )
    check_statements(statements)
    links = _parse_links(message, today) if message.identifiers else ()
    return ImportRow(row, ssin, register, statements, links)


def _parse_links(message: pb.ImportRow, today: dt.date) -> tuple[Link, ...]:
    if len(message.identifiers) > _LINKS:
        raise _too_many("identifiers", _LINKS)
    return tuple(
        Link(
            parse_identifier_key(each.key, f"identifiers[{place}].key"),
            parse_validity(each, "validity", f"identifiers[{place}]", today),
        )
        for place, each in enumerate(message.identifiers)
    )


def write_result(message: pb.RowResult, result: RowResult) -> None:
    """Write what became of a row into an empty message."""
    message.row = result.row
    message.outcome = int(result.outcome)  # type: ignore[assignment]
    if result.ssin is not None:
        message.ssin = str(result.ssin)
    if result.reason is not None:
        message.reason = REASON_NUMBERS[result.reason]
        message.field = result.field
        message.message = result.message
    if result.candidates:
        message.candidate_ssins.extend(map(str, result.candidates))


def _too_many(field: str, limit: int) -> RegistryError:
    return RegistryError(
        Reason.TOO_MANY_ELEMENTS, "too many in one row", field=field, metadata={"limit": str(limit)}
    )
