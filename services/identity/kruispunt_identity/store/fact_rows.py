"""How a fact lies in the table, and back: its value as canonical JSON, sorted keys, what is not known left out."""

import functools
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.values import (
    Address,
    Birth,
    CivilState,
    DataGroup,
    Decease,
    Evidence,
    EvidenceKind,
    Gender,
    Name,
    Nationalities,
    PartialDate,
    Place,
    Validity,
    Value,
)
from kruispunt_server.call import InstitutionKey

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

COLUMNS: Final = (
    "ssin",
    "data_group",
    "fact_id",
    "begin_day",
    "end_day",
    "sector",
    "institution",
    "evidence_kind",
    "evidence_number",
    "evidence_country",
    "value",
    "recorded_at",
    "superseded_at",
    "superseded_by",
)
"""Every column of `fact`, in the order in which rows are read and written."""

_ADDRESS_TEXTS: Final = ("municipality_name", "postal_code", "street", "house_number", "box")
_FEW: Final = (Gender, Nationalities)  # of which there are few values, written again and again
_encode: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode
_JsonObject = dict[str, Any]


def columns(source: "sa.FromClause") -> "list[sa.ColumnElement[Any]]":
    """Return the columns of `source` that `fact_of` reads, in its order."""
    return [source.c[name] for name in COLUMNS]


def fact_of(row: Any) -> Fact:
    """Build the fact from a row read through SQLAlchemy, whose values are typed."""
    (ssin, group, fact_id, begin, end, sector, institution, kind, number, country, value, *closing) = row
    recorded_at, superseded_at, superseded_by = closing
    data_group = DataGroup(group)
    return Fact(
        fact_id=fact_id,
        registered_under=Ssin(ssin),
        group=data_group,
        value=value_of(data_group, value),
        validity=Validity(begin, end),
        source=InstitutionKey(sector, institution),
        evidence=None if kind is None else Evidence(EvidenceKind(kind), number or "", country or ""),
        recorded_at=recorded_at,
        superseded_at=superseded_at,
        superseded_by=superseded_by,
    )


def row_of(fact: Fact) -> tuple[Any, ...]:
    """Return the row of a fact, in the order of `COLUMNS`."""
    evidence = fact.evidence
    return (
        int(fact.registered_under),
        int(fact.group),
        fact.fact_id,
        fact.validity.begin,
        fact.validity.end,
        fact.source.sector,
        fact.source.institution,
        *((None, None, None) if evidence is None else _evidence_columns(evidence)),
        text_of(fact.value),
        fact.recorded_at,
        fact.superseded_at,
        fact.superseded_by,
    )


def described(fact: Fact) -> Mapping[str, Any]:
    """Return a fact for the journal: which one, of what, by whom, when, and what it says."""
    return {
        "fact_id": str(fact.fact_id),
        "data_group": fact.group.name.lower(),
        "begin": fact.validity.begin.isoformat() if fact.validity.begin else None,
        "end": fact.validity.end.isoformat() if fact.validity.end else None,
        "source": str(fact.source),
        "value": text_of(fact.value),
        "superseded_by": str(fact.superseded_by) if fact.superseded_by else None,
    }


def text_of(value: Value) -> str:
    """Return a value as it is stored: the same text for the same value, whenever it is written."""
    return _text_of_few(value) if isinstance(value, _FEW) else _encode(_WRITERS[type(value)](value))


def value_of(group: DataGroup, text: str) -> Value:
    """Read what `text_of` wrote."""
    return _READERS[group](json.loads(text))


@functools.lru_cache(1024)
def _text_of_few(value: Gender | Nationalities) -> str:
    return _encode(_WRITERS[type(value)](value))


def _evidence_columns(evidence: Evidence) -> tuple[int, str | None, str | None]:
    return int(evidence.kind), evidence.document_number or None, evidence.issuing_country or None


def _written_name(name: Name) -> _JsonObject:
    return {"family": name.family_name, "given": name.given_names}


def _read_name(read: _JsonObject) -> Name:
    return Name(read["family"], tuple(read["given"]))


def _written_event(event: Birth | Decease) -> _JsonObject:
    written: _JsonObject = {"date": (event.date.year, event.date.month, event.date.day)}
    place = event.place
    if place is not None:
        written["place"] = {
            key: said
            for key, said in (
                ("country", place.country),
                ("municipality_code", place.municipality_code),
                ("municipality_name", place.municipality_name),
            )
            if said
        }
    return written


def _read_birth(read: _JsonObject) -> Birth:
    return Birth(PartialDate(*read["date"]), _read_place(read))


def _read_decease(read: _JsonObject) -> Decease:
    return Decease(PartialDate(*read["date"]), _read_place(read))


def _read_place(read: _JsonObject) -> Place | None:
    place = read.get("place")
    return None if place is None else Place(**place)


def _written_civil_state(state: CivilState) -> _JsonObject:
    written: _JsonObject = {"code": state.code}
    if state.partner_ssin is not None:
        written["partner_ssin"] = int(state.partner_ssin)
    if state.partner_name is not None:
        written["partner_name"] = _written_name(state.partner_name)
    return written


def _read_civil_state(read: _JsonObject) -> CivilState:
    ssin, name = read.get("partner_ssin"), read.get("partner_name")
    return CivilState(
        read["code"],
        None if ssin is None else Ssin(ssin),
        None if name is None else _read_name(name),
    )


def _written_address(address: Address) -> _JsonObject:
    written: _JsonObject = {"country": address.country}
    if address.municipality_code:
        written["municipality_code"] = address.municipality_code
    for name in _ADDRESS_TEXTS:
        said = getattr(address, name)
        if said:
            written[name] = said
    return written


def _read_address(read: _JsonObject) -> Address:
    return Address(**read)


_WRITERS: Final[Mapping[type[Any], Callable[[Any], _JsonObject]]] = {
    Name: _written_name,
    Birth: _written_event,
    Decease: _written_event,
    Gender: lambda gender: {"gender": int(gender)},
    Nationalities: lambda nationalities: {"countries": nationalities.countries},
    CivilState: _written_civil_state,
    Address: _written_address,
}
_READERS: Final[Mapping[DataGroup, Callable[[_JsonObject], Value]]] = {
    DataGroup.NAME: _read_name,
    DataGroup.BIRTH: _read_birth,
    DataGroup.DECEASE: _read_decease,
    DataGroup.GENDER: lambda read: Gender(read["gender"]),
    DataGroup.NATIONALITIES: lambda read: Nationalities(tuple(read["countries"])),
    DataGroup.CIVIL_STATE: _read_civil_state,
    DataGroup.RESIDENTIAL_ADDRESS: _read_address,
    DataGroup.CONTACT_ADDRESS: _read_address,
}
