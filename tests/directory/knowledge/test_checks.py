"""Entries out of their format or range are refused with the path of the field."""

from dataclasses import replace

import pytest
from tests.directory.knowledge.conftest import (
    CAN_SUPPLY,
    DECISION,
    EVERYTHING,
    FROM_2000,
    MAY_OBTAIN,
    NAME,
    PAYMENT,
    PENSION_OFFICE,
    PENSIONS,
    RIGHTS_SET,
)

from kruispunt_directory.domain.knowledge import DataSetKey, Entry, Labels, Phase, Sector
from kruispunt_directory.domain.knowledge_checks import check_count, check_entries
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError


def phases(*numbers: int) -> tuple[Phase, ...]:
    return tuple(Phase(number, NAME) for number in numbers)


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (replace(PENSIONS, code=-1), "sector.code"),
        (replace(PENSIONS, code=1000), "sector.code"),
        (replace(PENSIONS, labels=Labels(nl="x" * 201)), "sector.labels.nl"),
        (replace(PENSIONS, labels=Labels(fr="a\x00b")), "sector.labels.fr"),
        (replace(PENSIONS, labels=Labels(de="a\nb")), "sector.labels.de"),
        (
            replace(PENSIONS, labels=Labels(own_translations=("nl", "it"))),
            "sector.labels.own_translations[1]",
        ),
        (
            replace(PENSIONS, labels=Labels(own_translations=("nl", "nl"))),
            "sector.labels.own_translations[1]",
        ),
        (replace(PENSION_OFFICE, key=InstitutionKey(1000, 0)), "institution.institution.sector"),
        (replace(PENSION_OFFICE, key=InstitutionKey(0, -1)), "institution.institution.institution"),
        (replace(PENSION_OFFICE, enterprise_number="206731645"), "institution.enterprise_number"),
        (replace(PENSION_OFFICE, enterprise_number="0206731646"), "institution.enterprise_number"),
        (replace(PENSION_OFFICE, enterprise_number="0206.731.645"), "institution.enterprise_number"),
        (replace(PENSION_OFFICE, enterprise_number="\u0660206731645"), "institution.enterprise_number"),
        (replace(PAYMENT, sector=1000), "capacity.sector"),
        (replace(PAYMENT, code=1000), "capacity.code"),
        (replace(PAYMENT, phases=phases(0, 100)), "capacity.phases[1].number"),
        (replace(PAYMENT, phases=phases(20, 10)), "capacity.phases[1].number"),
        (replace(PAYMENT, phases=phases(10, 10)), "capacity.phases[1].number"),
        (
            replace(PAYMENT, phases=(Phase(0, NAME), Phase(1, Labels(en="x" * 201)))),
            "capacity.phases[1].labels.en",
        ),
        (replace(RIGHTS_SET, key=DataSetKey("pension", 0)), "data_set.data_set.code"),
        (replace(RIGHTS_SET, key=DataSetKey("A" * 41, 0)), "data_set.data_set.code"),
        (replace(RIGHTS_SET, key=DataSetKey("A", 1000)), "data_set.data_set.variant"),
        (replace(DECISION, deliberation_id="18 042"), "deliberation.deliberation_id"),
        (replace(DECISION, deliberation_id="x" * 65), "deliberation.deliberation_id"),
        (replace(DECISION, url="http://example.org"), "deliberation.url"),
        (replace(DECISION, url="https://"), "deliberation.url"),
        (replace(DECISION, url="https://example.org/a b"), "deliberation.url"),
        (replace(DECISION, url="https://user@example.org/"), "deliberation.url"),
        (replace(DECISION, url="https://example.org/" + "x" * 281), "deliberation.url"),
        (replace(CAN_SUPPLY, availability_id="AV_1"), "availability.availability_id"),
        (replace(CAN_SUPPLY, data_set=DataSetKey("A", -1)), "availability.data_set.variant"),
        (replace(CAN_SUPPLY, sector=-1), "availability.sector"),
        (replace(CAN_SUPPLY, institution=1000), "availability.institution"),
        (replace(CAN_SUPPLY, capacity=1000), "availability.capacity"),
        (replace(CAN_SUPPLY, from_phase=100), "availability.from_phase"),
        (replace(MAY_OBTAIN, consumer_sector=1000), "authorisation.consumer_sector"),
        (replace(MAY_OBTAIN, consumer_institution=-1), "authorisation.consumer_institution"),
        (replace(MAY_OBTAIN, consumer_capacity=-1), "authorisation.consumer_capacity"),
        (replace(MAY_OBTAIN, from_phase=-1), "authorisation.from_phase"),
        (replace(MAY_OBTAIN, supplier_sector=1000), "authorisation.supplier_sector"),
        (replace(MAY_OBTAIN, supplier_institution=1000), "authorisation.supplier_institution"),
        (replace(MAY_OBTAIN, deliberation_id="\u00e9"), "authorisation.deliberation_id"),
    ],
)
def test_a_value_out_of_its_format_is_refused(entry: Entry, field: str) -> None:
    """The refusal is FIELD_INVALID with the path within the request."""
    with pytest.raises(RegistryError) as refused:
        check_entries([Sector(99, NAME, FROM_2000), entry])

    assert (Reason.FIELD_INVALID, f"entries[1].{field}") == (refused.value.reason, refused.value.field)


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (replace(RIGHTS_SET, key=DataSetKey("", 0)), "data_set.data_set.code"),
        (replace(DECISION, deliberation_id=""), "deliberation.deliberation_id"),
        (replace(CAN_SUPPLY, availability_id=""), "availability.availability_id"),
        (replace(CAN_SUPPLY, data_set=DataSetKey("", 0)), "availability.data_set.code"),
        (replace(MAY_OBTAIN, authorisation_id=""), "authorisation.authorisation_id"),
        (replace(MAY_OBTAIN, deliberation_id=""), "authorisation.deliberation_id"),
        (replace(MAY_OBTAIN, supplier_sector=None), "authorisation.supplier_sector"),
    ],
)
def test_a_mandatory_value_that_is_absent_is_refused(entry: Entry, field: str) -> None:
    """The refusal is FIELD_REQUIRED with the path within the request."""
    with pytest.raises(RegistryError) as refused:
        check_entries([entry])

    assert (Reason.FIELD_REQUIRED, f"entries[0].{field}") == (refused.value.reason, refused.value.field)


def test_a_key_that_comes_twice_is_refused() -> None:
    """Which of the two should stand would be a guess; the second one is named."""
    with pytest.raises(RegistryError) as refused:
        check_entries([*EVERYTHING, replace(PENSIONS, labels=Labels("Anders"))])

    assert (Reason.FIELD_INVALID, "entries[9].sector") == (refused.value.reason, refused.value.field)


@pytest.mark.parametrize(
    "entry",
    [
        replace(PENSIONS, labels=Labels(nl="x" * 200)),
        replace(PENSION_OFFICE, enterprise_number=""),
        replace(PENSION_OFFICE, key=InstitutionKey(999, 999)),
        replace(PAYMENT, phases=phases(0, 99)),
        replace(DECISION, url="https://example.org:8443/a?b=c#d"),
        replace(DECISION, url="https://example.org"),
        replace(DECISION, url=""),
        replace(DECISION, deliberation_id="Aa0/-." + "x" * 58),
        replace(RIGHTS_SET, key=DataSetKey("A-9" + "Z" * 37, 999)),
        replace(MAY_OBTAIN, supplier_sector=None, supplier_institution=None),
    ],
)
def test_a_value_at_its_bound_is_accepted(entry: Entry) -> None:
    """Bounds belong to the range, and what is optional may be absent."""
    check_entries([entry])


@pytest.mark.parametrize(("count", "reason"), [(0, Reason.FIELD_REQUIRED), (1001, Reason.TOO_MANY_ELEMENTS)])
def test_a_request_holds_1_to_1000_entries(count: int, reason: Reason) -> None:
    """None and too many are refused at the list itself."""
    check_count(1)
    check_count(1000)

    with pytest.raises(RegistryError) as refused:
        check_count(count)

    assert (reason, "entries") == (refused.value.reason, refused.value.field)
