"""Statements of a person: protobuf to domain. The paths: `facts[0].value.name.family_name`."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.values import ALWAYS, TIMELESS, DataGroup, Value
from kruispunt_identity.messages import values
from kruispunt_server.errors import Reason, RegistryError

_PARSERS: Final[Mapping[str, tuple[DataGroup, Callable[[Any, dt.date], Value]]]] = {
    "name": (DataGroup.NAME, lambda said, _: values.parse_name(said)),
    "birth": (DataGroup.BIRTH, values.parse_birth),
    "decease": (DataGroup.DECEASE, values.parse_decease),
    "gender": (DataGroup.GENDER, lambda said, _: values.parse_gender(said)),
    "nationalities": (DataGroup.NATIONALITIES, lambda said, _: values.parse_nationalities(said)),
    "civil_state": (DataGroup.CIVIL_STATE, lambda said, _: values.parse_civil_state(said)),
    "residential_address": (DataGroup.RESIDENTIAL_ADDRESS, lambda said, _: values.parse_address(said)),
    "contact_address": (DataGroup.CONTACT_ADDRESS, lambda said, _: values.parse_address(said)),
}


def parse_statement(statement: pb.FactStatement, field: str, today: dt.date) -> Statement:
    """Read what an institution says.

    Args:
        statement: as it came in.
        field: its path. Example: "facts[2]".
        today: the calendar day in Brussels: from it on a statement without validity is true, and nobody was born or
            died after it.

    Raises:
        RegistryError: no value, INVALID_ARGUMENT / FIELD_REQUIRED; a period of a birth or decease, INVALID_ARGUMENT /
            FIELD_INVALID; whatever is wrong with value, period or evidence, as of messages/values.py.
    """
    try:
        return _parsed(statement, today)
    except RegistryError as error:
        raise values.at(field, error) from None


def _parsed(statement: pb.FactStatement, today: dt.date) -> Statement:
    name = statement.value.WhichOneof("value")
    if name is None:
        raise RegistryError(Reason.FIELD_REQUIRED, "a value is required", field="value")
    group, parse = _PARSERS[name]
    try:
        value = parse(getattr(statement.value, name), today)
    except RegistryError as error:
        raise values.at(f"value.{name}", error) from None
    if group not in TIMELESS:
        validity = values.parse_validity(statement, "validity", "", today)
    elif statement.HasField("validity"):
        raise RegistryError(Reason.FIELD_INVALID, "a birth or a decease has no period", field="validity")
    else:
        validity = ALWAYS
    if not statement.HasField("evidence"):
        return Statement(group, value, validity)
    return Statement(group, value, validity, values.parse_evidence(statement.evidence, "evidence"))
