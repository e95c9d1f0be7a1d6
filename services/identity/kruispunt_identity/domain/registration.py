"""What must be known of a person before they can be registered.

Source: domain.md §3, "Creating a bis number".
"""

from collections.abc import Sequence
from typing import TypeVar

from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.values import Address, Birth, DataGroup, Gender, Name, Value
from kruispunt_server.errors import Reason, RegistryError

_BELGIUM = "BE"
_FIELD = "facts"

ValueT = TypeVar("ValueT", Name, Birth, Address)


def check_minimum(statements: Sequence[Statement]) -> None:
    """Refuse statements that say too little to register a person.

    Name and birth are always required, and evidence for one statement at least. Beside them one of: a whole birth
    date, a birth place and a gender; a residential address abroad; a contact address in Belgium. With an address the
    birth date may be incomplete.

    Raises:
        RegistryError: a data group is told twice, INVALID_ARGUMENT / FIELD_INVALID with the place of the second; name
            or birth is absent, or too little beside them, INVALID_ARGUMENT / MINIMUM_DATA_MISSING; no statement has
            evidence, INVALID_ARGUMENT / FIELD_REQUIRED.
    """
    told: dict[DataGroup, Statement] = {}
    for place, statement in enumerate(statements):
        if statement.group in told:
            raise RegistryError(
                Reason.FIELD_INVALID, "a data group is told twice", field=f"{_FIELD}[{place}].value"
            )
        told[statement.group] = statement
    if DataGroup.NAME not in told or DataGroup.BIRTH not in told:
        raise _missing("a registration takes a name and a birth")
    if not _suffices({group: statement.value for group, statement in told.items()}):
        raise _missing(
            "beside name and birth a registration takes a birth place, a whole birth date and a gender; "
            "or a residential address abroad; or a contact address in Belgium"
        )
    if all(statement.evidence is None for statement in statements):
        raise RegistryError(
            Reason.FIELD_REQUIRED,
            "a registration takes evidence for one statement at least",
            field=f"{_FIELD}[0].evidence",
        )


def name_and_birth(statements: Sequence[Statement]) -> tuple[Name, Birth, Gender]:
    """Return name, birth and gender (UNKNOWN unless told) of statements that passed `check_minimum`."""
    values = {statement.group: statement.value for statement in statements}
    name, birth, gender = values[DataGroup.NAME], values[DataGroup.BIRTH], values.get(DataGroup.GENDER)
    assert isinstance(name, Name)
    assert isinstance(birth, Birth)
    return name, birth, gender if isinstance(gender, Gender) else Gender.UNKNOWN


def _suffices(values: dict[DataGroup, Value]) -> bool:
    birth = _of(values, DataGroup.BIRTH, Birth)
    residence = _of(values, DataGroup.RESIDENTIAL_ADDRESS, Address)
    contact = _of(values, DataGroup.CONTACT_ADDRESS, Address)
    if residence is not None and residence.country != _BELGIUM:
        return True
    if contact is not None and contact.country == _BELGIUM:
        return True
    gender = values.get(DataGroup.GENDER, Gender.UNKNOWN)
    return birth is not None and birth.date.is_whole and birth.place is not None and gender != Gender.UNKNOWN


def _of(values: dict[DataGroup, Value], group: DataGroup, kind: type[ValueT]) -> ValueT | None:
    value = values.get(group)
    return value if isinstance(value, kind) else None


def _missing(sentence: str) -> RegistryError:
    return RegistryError(Reason.MINIMUM_DATA_MISSING, sentence, field=_FIELD)
