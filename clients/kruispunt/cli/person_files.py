"""Files of persons: JSON lines, CSV and Parquet, as `person import` reads, and JSON lines, as `person export` writes them.

A JSON line is an object with

- `ssin` (optional), `register` ("BIS" or "RAD", optional);
- the values by data group: `name` {family_name, given_names}, `birth` and `decease` {date "1975-06-08", "1975-06",
  "1975" or "", place {country, municipality_code, municipality_name}}, `gender` ("MALE", "FEMALE"), `nationalities`
  (a list of countries), `civil_state` {code, partner_ssin, partner_name}, `residential_address` and `contact_address`
  {country, municipality_code, municipality_name, postal_code, street, house_number, box};
- `validity` {begin, end} and `evidence` {kind, document_number, issuing_country} of these values;
- `facts`: a list of such objects, where validity and evidence differ from value to value;
- `identifiers`: a list of {country, scheme, identifier, validity}.

CSV and Parquet have columns of `COLUMNS`, in any order; several given names or nationalities in one cell have "|"
between.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kruispunt.cli import options
from kruispunt.cli.bulk import Line
from kruispunt.cli.output import plain
from kruispunt.cli.reading import read_value
from kruispunt.cli.row_files import Columns, read_records
from kruispunt.facts import (
    GROUP_OF,
    Birth,
    Decease,
    Evidence,
    IdentifierKey,
    Nationalities,
    Place,
    Statement,
    Validity,
)
from kruispunt.persons import Person, Register
from kruispunt.registering import ImportIdentifier, ImportRow
from kruispunt.ssin import Ssin
from kruispunt.values import PartialDate

_KIND_OF = {group.name.lower(): kind for kind, group in GROUP_OF.items()}
_KNOWN = frozenset((*_KIND_OF, "validity", "evidence"))
_ADDRESS = (
    "country",
    "municipality_code",
    "municipality_name",
    "postal_code",
    "street",
    "house_number",
    "box",
)
_NAMES = (
    "ssin",
    "register",
    "family_name",
    "given_names",
    "birth_date",
    "birth_country",
    "birth_municipality_code",
    "birth_municipality_name",
    "decease_date",
    "gender",
    "nationalities",
    "civil_state",
    *(f"residence_{part}" for part in _ADDRESS),
    *(f"contact_{part}" for part in _ADDRESS),
    "valid_from",
    "evidence_kind",
    "evidence_document_number",
    "evidence_issuing_country",
    "identifier_country",
    "identifier_scheme",
    "identifier",
)

COLUMNS = Columns(_NAMES)


def read_lines(file: Path) -> Iterator[Line[ImportRow]]:
    """Yield the rows of a file; one that says something impossible has the error in place of its row.

    Raises:
        ValueError: the heading is wrong, or a line is no row.
    """
    for record in read_records(file, COLUMNS):
        try:
            row: ImportRow | ValueError = _row(
                record.raw if record.cells is None else _from_cells(record.cells)
            )
        except ValueError as error:
            row = error
        yield Line(record.line, record.raw, row)


def read_statements(file: Path) -> list[Statement]:
    """Return what one object says of a person.

    Raises:
        ValueError: it has another form.
    """
    try:
        raw = json.loads(file.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError):
        raise ValueError(f"{file.name} is no JSON") from None
    return list(_row(raw).facts)


def row_document(person: Person) -> dict[str, Any]:
    """Return a person in the form that is read, and by which numbers it was known."""
    facts = [
        {fact.group.name.lower(): _plain(fact.value)}
        | ({} if fact.validity == Validity() else {"validity": plain(fact.validity)})
        | ({} if fact.evidence is None else {"evidence": plain(fact.evidence)})
        for fact in person.facts
        if fact.value is not None
    ]
    identifiers = [
        plain(each.key) | {"validity": plain(each.validity)} for each in person.foreign_identifiers
    ]
    return {
        "ssin": str(person.ssin),
        "register": person.register.name,
        "former_ssins": [str(each) for each in person.former_ssins],
        "facts": facts,
        "identifiers": identifiers,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Nationalities):
        return list(value.countries)
    if isinstance(value, Birth | Decease):
        return {"date": _date_text(value.date), "place": plain(value.place)}
    return plain(value)


def _date_text(date: PartialDate) -> str:
    return f"{date.year:04}-{date.month:02}-{date.day:02}" if date.year else ""


def _row(raw: Any) -> ImportRow:
    rest = dict(_object(raw, "the row"))
    rest.pop("former_ssins", None)
    ssin = read_value(str, rest.pop("ssin", ""), "ssin")
    register = read_value(Register, rest.pop("register", "UNSPECIFIED"), "register")
    facts, identifiers = rest.pop("facts", []), rest.pop("identifiers", [])
    if [type(facts), type(identifiers)] != [list, list]:
        raise ValueError("facts and identifiers are lists")
    told = _statements(rest, "")
    for place, each in enumerate(facts):
        told += _statements(each, f"facts[{place}].")
    keys = tuple(_identifier(each, f"identifiers[{i}]") for i, each in enumerate(identifiers))
    return ImportRow(tuple(told), ssin, register, keys)


def _statements(raw: Any, where: str) -> list[Statement]:
    if not _object(raw, where.rstrip(".")).keys() <= _KNOWN:
        strange = ", ".join(sorted(raw.keys() - _KNOWN))
        raise ValueError(f"{where.rstrip('.') or 'the row'}: unknown {strange}")
    validity = _validity(raw.get("validity"), f"{where}validity")
    evidence = read_value(Evidence | None, raw.get("evidence"), f"{where}evidence")
    told = []
    for group, kind in _KIND_OF.items():
        if raw.get(group) is not None:
            value = _value(kind, raw[group], where + group)
            days = None if isinstance(value, Birth | Decease) else validity
            told.append(Statement(value, days, evidence))
    return told


def _value(kind: Any, raw: Any, where: str) -> Any:
    if kind is Nationalities:
        return Nationalities(read_value(tuple[str, ...], raw, where))
    if kind in (Birth, Decease):
        date = read_value(str, _object(raw, where).get("date") or "", f"{where}.date")
        try:
            read = options.partial_date(date) if date else PartialDate()
        except ValueError as error:
            raise ValueError(f"{where}.date: {error}") from None
        return kind(read, read_value(Place | None, raw.get("place"), f"{where}.place"))
    if isinstance(raw, dict) and raw.get("partner_ssin"):
        raw = {**raw, "partner_ssin": Ssin.parse(str(raw["partner_ssin"]))}
    return read_value(kind, raw, where)


def _validity(raw: Any, where: str) -> Validity | None:
    return read_value(Validity | None, raw, where)  # type: ignore[no-any-return]  # what was asked for


def _identifier(raw: Any, where: str) -> ImportIdentifier:
    key = read_value(IdentifierKey, {k: v for k, v in _object(raw, where).items() if k != "validity"}, where)
    return ImportIdentifier(key, _validity(raw.get("validity"), f"{where}.validity"))


def _object(raw: Any, where: str) -> dict[str, Any]:
    if type(raw) is not dict:
        raise ValueError(f"{where} must be an object")
    return raw


def _from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the object that a row of cells stands for."""
    row: dict[str, Any] = {name: cells[name] for name in ("ssin",) if name in cells}
    row |= {name: cells[name].upper() for name in ("register", "gender") if name in cells}
    if "family_name" in cells:
        row["name"] = {"family_name": cells["family_name"], "given_names": _several(cells, "given_names")}
    if "birth_date" in cells or "birth_country" in cells:
        place = _part(cells, "birth_", ("country", "municipality_code", "municipality_name"))
        row["birth"] = {"date": cells.get("birth_date", ""), "place": place}
    if "decease_date" in cells:
        row["decease"] = {"date": cells["decease_date"]}
    if "nationalities" in cells:
        row["nationalities"] = _several(cells, "nationalities")
    if "civil_state" in cells:
        row["civil_state"] = {"code": _number(cells, "civil_state")}
    row["residential_address"] = _part(cells, "residence_", _ADDRESS)
    row["contact_address"] = _part(cells, "contact_", _ADDRESS)
    if "valid_from" in cells:
        row["validity"] = {"begin": cells["valid_from"]}
    evidence = _part(cells, "evidence_", ("kind", "document_number", "issuing_country"))
    row["evidence"] = evidence and evidence | {"kind": evidence.get("kind", "").upper().replace("-", "_")}
    if "identifier" in cells:
        scheme = cells.get("identifier_scheme", "").upper().replace("-", "_")
        key = {"country": cells.get("identifier_country", ""), "scheme": scheme}
        row["identifiers"] = [key | {"identifier": cells["identifier"]}]
    return row


def _several(cells: Mapping[str, str], name: str) -> list[str]:
    return [each.strip() for each in cells.get(name, "").split("|") if each.strip()]


def _part(cells: Mapping[str, str], prefix: str, names: tuple[str, ...]) -> dict[str, Any] | None:
    found: dict[str, Any] = {
        name: _number(cells, prefix + name) if name == "municipality_code" else cells[prefix + name]
        for name in names
        if prefix + name in cells
    }
    return found or None


def _number(cells: Mapping[str, str], name: str) -> int:
    if not (cells[name].isascii() and cells[name].isdigit() and len(cells[name]) <= 9):
        raise ValueError(f"{name} must be a whole number")
    return int(cells[name])
