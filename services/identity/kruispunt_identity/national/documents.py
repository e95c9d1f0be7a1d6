"""A person of the national register's stand-in as JSON: one object a line, checked when it is loaded.

    {"ssin": "85073003328", "family_name": "Peeters", "given_names": ["Anna", "Maria"],
     "birth_date": "1985-07-30", "birth_country": "BE", "birth_municipality": "Gent", "gender": 1,
     "nationalities": ["BE"], "civil_state": 20, "partner_ssin": "75060898009", "decease_date": "2025-01-31",
     "residential_address": {"country": "BE", "municipality_code": 44021, "municipality_name": "Gent",
                             "postal_code": "9000", "street": "Veldstraat", "house_number": "1", "box": "A"},
     "since": {"residential_address": "2019-04-01"}}

Required: `ssin` (a national number), `family_name` and `birth_date`; the rest as far as it is known. Dates are
`YYYY-MM-DD` with zeros for unknown parts; `gender` is 0 unknown, 1 male, 2 female; countries are ISO 3166-1 alpha-2;
`since` gives, by data group in lower case, the day from which something is true.
"""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any, Final

from kruispunt.ssin import Ssin, SsinError, SsinKind
from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.national import NationalPerson
from kruispunt_identity.domain.values import (
    ALWAYS,
    CIVIL_STATES,
    Address,
    Birth,
    CivilState,
    DataGroup,
    Decease,
    Gender,
    Name,
    Nationalities,
    PartialDate,
    Place,
    Validity,
    Value,
)
from kruispunt_identity.matching.profile import MatchName, MatchProfile

_KEYS: Final = frozenset(
    {
        "ssin",
        "family_name",
        "given_names",
        "birth_date",
        "birth_country",
        "birth_municipality",
        "gender",
        "nationalities",
        "civil_state",
        "partner_ssin",
        "decease_date",
        "residential_address",
        "since",
    }
)
_ADDRESS_TEXTS: Final = ("municipality_name", "postal_code", "street", "house_number", "box")

Document = dict[str, Any]


class DocumentError(ValueError):
    """A document says what no register says; the text names the key, never the value."""


def check_document(text: str) -> tuple[Ssin, Document]:
    """Read a line, whole and strictly.

    Raises:
        DocumentError: no JSON object, a key unknown or absent, a value of the wrong form.
    """
    try:
        document = json.loads(text)
    except ValueError:
        raise DocumentError("the line is no JSON") from None
    if not isinstance(document, dict):
        raise DocumentError("the line is no JSON object")
    for key in ("ssin", "family_name", "birth_date"):
        if not document.get(key):
            raise DocumentError(f"{key} is required")
    if not document.keys() <= _KEYS:
        raise DocumentError("there is a key that has no meaning")
    person = person_of(document)
    if person.ssin.kind is not SsinKind.NATIONAL:
        raise DocumentError("ssin is no national number")
    return person.ssin, document


def person_of(document: Document) -> NationalPerson:
    """Build the person that a document describes.

    Raises:
        DocumentError: a value of the wrong form.
    """
    since = document.get("since", {})
    statements = []
    for group, read in _READERS.items():
        try:
            value = read(document)
            begin = since.get(group.name.lower())
            validity = Validity(begin=dt.date.fromisoformat(begin)) if begin else ALWAYS
        except (TypeError, ValueError, KeyError, AttributeError, SsinError):
            raise DocumentError(f"what stands there for {group.name.lower()} has the wrong form") from None
        if value is not None:
            statements.append(Statement(group, value, validity))
    try:
        return NationalPerson(Ssin.parse(document["ssin"]), tuple(statements))
    except (SsinError, TypeError):
        raise DocumentError("ssin is no number") from None


def profile_of(document: Document) -> MatchProfile:
    """Return what a search compares the person by."""
    born = _partial(document["birth_date"])
    address = document.get("residential_address") or {}
    countries = {document.get("birth_country"), address.get("country"), *document.get("nationalities", ())}
    return MatchProfile(
        names=(MatchName(document["family_name"], tuple(document.get("given_names", ()))),),
        birth=(born.year, born.month, born.day),
        gender=document.get("gender", 0),
        countries=frozenset(country for country in countries if country),
    )


def _name(document: Document) -> Value:
    return Name(
        _text(document["family_name"], 100), tuple(_text(each, 50) for each in _list(document, "given_names"))
    )


def _birth(document: Document) -> Value:
    country = document.get("birth_country", "")
    municipality = document.get("birth_municipality", "")
    place = Place(_country(country) if country else "", 0, municipality) if country or municipality else None
    return Birth(_partial(document["birth_date"]), place)


def _decease(document: Document) -> Value | None:
    date = document.get("decease_date")
    return Decease(_partial(date)) if date else None


def _gender(document: Document) -> Value:
    return Gender(document.get("gender", 0))


def _nationalities(document: Document) -> Value | None:
    if "nationalities" not in document:
        return None
    return Nationalities(tuple(_country(each) for each in _list(document, "nationalities")))


def _civil_state(document: Document) -> Value | None:
    code = document.get("civil_state")
    if code is None:
        return None
    if code not in CIVIL_STATES:
        raise ValueError
    partner = document.get("partner_ssin")
    return CivilState(code, Ssin.parse(partner) if partner else None)


def _address(document: Document) -> Value | None:
    address = document.get("residential_address")
    if address is None:
        return None
    texts = {name: _text(address[name], 100) for name in _ADDRESS_TEXTS if address.get(name)}
    if address.keys() - {"country", "municipality_code", *_ADDRESS_TEXTS}:
        raise ValueError
    return Address(_country(address["country"]), int(address.get("municipality_code", 0)), **texts)


def _partial(text: str) -> PartialDate:
    year, month, day = (int(part) for part in text.split("-"))
    dt.date(year or 2000, month or 1, day or 1)
    if (month and not year) or (day and not month):
        raise ValueError
    return PartialDate(year, month, day)


def _text(text: str, most: int) -> str:
    if not text.strip() or len(text) > most or not text.isprintable():
        raise ValueError
    return text


def _country(text: str) -> str:
    if len(text) != 2 or not (text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError
    return text


def _list(document: Document, key: str) -> list[str]:
    listed = document.get(key, [])
    if not isinstance(listed, list):
        raise TypeError
    return listed


_READERS: Final[dict[DataGroup, Callable[[Document], Value | None]]] = {
    DataGroup.NAME: _name,
    DataGroup.BIRTH: _birth,
    DataGroup.DECEASE: _decease,
    DataGroup.GENDER: _gender,
    DataGroup.NATIONALITIES: _nationalities,
    DataGroup.CIVIL_STATE: _civil_state,
    DataGroup.RESIDENTIAL_ADDRESS: _address,
}
