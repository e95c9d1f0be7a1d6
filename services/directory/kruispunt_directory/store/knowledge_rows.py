"""Entries of the code tables as rows, and back."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from kruispunt.period import Period
from kruispunt_directory.domain.knowledge import (
    LANGUAGES,
    Authorisation,
    Availability,
    Capacity,
    DataSet,
    DataSetKey,
    Deliberation,
    Entry,
    Institution,
    Kind,
    Labels,
    NetworkLevel,
    Phase,
    Sector,
)
from kruispunt_server.call import InstitutionKey

# The columns that name an entry within its kind, in the order of `key_of`.
KEY_COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    Kind.SECTOR: ("code",),
    Kind.INSTITUTION: ("sector", "institution"),
    Kind.CAPACITY: ("sector", "code"),
    Kind.DATA_SET: ("code", "variant"),
    Kind.DELIBERATION: ("deliberation_id",),
    Kind.AVAILABILITY: ("availability_id",),
    Kind.AUTHORISATION: ("authorisation_id",),
}

_EVERY_SECTOR = -1


def row_of(entry: Entry) -> dict[str, Any]:
    """Return the columns that say what the entry says: all but revision, write and instant."""
    row = {"begin_day": entry.validity.begin, "end_day": entry.validity.end}
    return row | _fields_of(entry)


def plain_of(entry: Entry) -> dict[str, Any]:
    """Return the columns of the entry with days as text, for the journal."""
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in row_of(entry).items()
    }


def entry_of(kind: Kind, row: Mapping[str, Any]) -> Entry:
    """Return the entry that the row of a `kind` stands for."""
    validity = Period(row["begin_day"], row["end_day"])
    match kind:
        case Kind.AVAILABILITY:
            return _availability(row, validity)
        case Kind.AUTHORISATION:
            return _authorisation(row, validity)
        case _:
            return _labelled(kind, row, _labels(row), validity)


def _fields_of(entry: Entry) -> dict[str, Any]:
    match entry:
        case Sector():
            return {"code": entry.code} | _label_fields(entry.labels)
        case Institution():
            return {
                "sector": entry.key.sector,
                "institution": entry.key.institution,
                "enterprise_number": entry.enterprise_number,
                "network_level": int(entry.network_level),
            } | _label_fields(entry.labels)
        case Capacity():
            return {
                "sector": _EVERY_SECTOR if entry.sector is None else entry.sector,
                "code": entry.code,
                "phases": _phases_text(entry.phases),
            } | _label_fields(entry.labels)
        case DataSet():
            return {"code": entry.key.code, "variant": entry.key.variant} | _label_fields(entry.labels)
        case Deliberation():
            return {"deliberation_id": entry.deliberation_id, "url": entry.url} | _label_fields(entry.labels)
        case Availability() | Authorisation():
            return _rule_fields(entry)


def _rule_fields(entry: Availability | Authorisation) -> dict[str, Any]:
    row: dict[str, Any] = {
        "data_set_code": entry.data_set.code,
        "data_set_variant": entry.data_set.variant,
        "from_phase": entry.from_phase,
    }
    if isinstance(entry, Availability):
        names: tuple[str, ...] = ("availability_id", "sector", "institution", "capacity")
    else:
        names = (
            "authorisation_id",
            "consumer_sector",
            "consumer_institution",
            "consumer_capacity",
            "supplier_sector",
            "supplier_institution",
            "deliberation_id",
        )
    return row | {name: getattr(entry, name) for name in names}


def _labelled(kind: Kind, row: Mapping[str, Any], labels: Labels, validity: Period) -> Entry:
    match kind:
        case Kind.SECTOR:
            return Sector(row["code"], labels, validity)
        case Kind.INSTITUTION:
            key = InstitutionKey(row["sector"], row["institution"])
            level = NetworkLevel(row["network_level"])
            return Institution(key, labels, row["enterprise_number"], level, validity)
        case Kind.CAPACITY:
            sector = None if row["sector"] == _EVERY_SECTOR else row["sector"]
            return Capacity(sector, row["code"], labels, _phases(row["phases"]), validity)
        case Kind.DATA_SET:
            return DataSet(DataSetKey(row["code"], row["variant"]), labels, validity)
        case _:
            return Deliberation(row["deliberation_id"], labels, row["url"], validity)


def _availability(row: Mapping[str, Any], validity: Period) -> Availability:
    return Availability(
        availability_id=row["availability_id"],
        data_set=DataSetKey(row["data_set_code"], row["data_set_variant"]),
        sector=row["sector"],
        institution=row["institution"],
        capacity=row["capacity"],
        from_phase=row["from_phase"],
        validity=validity,
    )


def _authorisation(row: Mapping[str, Any], validity: Period) -> Authorisation:
    return Authorisation(
        authorisation_id=row["authorisation_id"],
        data_set=DataSetKey(row["data_set_code"], row["data_set_variant"]),
        consumer_sector=row["consumer_sector"],
        consumer_institution=row["consumer_institution"],
        consumer_capacity=row["consumer_capacity"],
        from_phase=row["from_phase"],
        supplier_sector=row["supplier_sector"],
        supplier_institution=row["supplier_institution"],
        deliberation_id=row["deliberation_id"],
        validity=validity,
    )


def _label_fields(labels: Labels) -> dict[str, Any]:
    texts = {f"label_{language}": getattr(labels, language) for language in LANGUAGES}
    return texts | {"own_translations": ",".join(labels.own_translations)}


def _labels(row: Mapping[str, Any]) -> Labels:
    own = tuple(row["own_translations"].split(",")) if row["own_translations"] else ()
    return Labels(row["label_nl"], row["label_fr"], row["label_de"], row["label_en"], own)


def _phases_text(phases: tuple[Phase, ...]) -> str:
    return json.dumps(
        [{"number": phase.number} | _label_fields(phase.labels) for phase in phases], ensure_ascii=False
    )


def _phases(text: str) -> tuple[Phase, ...]:
    return tuple(Phase(row["number"], _labels(row)) for row in json.loads(text))
