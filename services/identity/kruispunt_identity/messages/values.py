"""What is said of a person: protobuf to domain. Every wrong value has its own reason and path.

These lie on the way of imports: no reflection, and no path is put together before something is wrong. Inside, a
refusal names the field by its last part; whoever called adds where that lay (`at`).
"""

import datetime as dt
import functools
from typing import Final, NoReturn, TypeVar

from google.protobuf.message import Message
from google.type.date_pb2 import Date

from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt_identity.domain.countries import BELGIUM, country_code
from kruispunt_identity.domain.identifier import IdentifierKey, Scheme
from kruispunt_identity.domain.texts import clean_optional_text, clean_text
from kruispunt_identity.domain.values import (
    CIVIL_STATES,
    Address,
    Birth,
    CivilState,
    Decease,
    Evidence,
    EvidenceKind,
    Gender,
    Name,
    Nationalities,
    PartialDate,
    Place,
    Validity,
)
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import parse_optional_day, parse_ssin

CodeT = TypeVar("CodeT")

_FAMILY_NAME, _GIVEN_NAME, _TEXT, _SHORT, _DOCUMENT, _IDENTIFIER = 100, 50, 100, 16, 40, 64
_GIVEN_NAMES, _NATIONALITIES = 10, 10
_SINGLE: Final = 10
_EARLIEST_YEAR, _LATEST_YEAR = 1800, 2999
_KINDS: Final = {int(kind): kind for kind in EvidenceKind}
_SCHEMES: Final = {int(scheme): scheme for scheme in Scheme}
_GENDERS: Final = {int(gender): gender for gender in Gender}


def at(field: str, error: RegistryError) -> RegistryError:
    """Return a refusal of something within `field`, which names it by its whole path."""
    if field:
        error.field = f"{field}.{error.field}" if error.field else field
    return error


def parse_partial_date(date: Date, field: str) -> PartialDate:
    """Read a date of which parts may be unknown: a year, a year and a month, a whole date, or nothing.

    Raises:
        RegistryError: a part without the part before it, no calendar day, outside 1800 to 2999;
            INVALID_ARGUMENT / DATE_INVALID.
    """
    year, month, day = date.year, date.month, date.day
    if day and month and year:
        try:
            dt.date(year, month, day)
        except ValueError:
            _refuse_date(field)
    elif day or month < 0 or month > 12 or (month and not year):
        _refuse_date(field)
    if year and not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        _refuse_date(field)
    return PartialDate(year, month, day)


def parse_validity(holder: Message, name: str, path: str, today: dt.date) -> Validity:
    """Read the days on which something holds, from the field `name` of `holder`, which lies at `path`.

    Absent: from today on. There, but without begin: since before anybody knows.

    Raises:
        RegistryError: a date that is no whole calendar day, INVALID_ARGUMENT / DATE_INVALID; begin not before end,
            INVALID_ARGUMENT / PERIOD_INVERTED.
    """
    if not holder.HasField(name):
        return Validity(today)
    said = getattr(holder, name)
    try:
        begin, end = parse_optional_day(said, "begin"), parse_optional_day(said, "end")
    except RegistryError as error:
        raise at(f"{path}.{name}" if path else name, error) from None
    if begin is not None and end is not None and begin >= end:
        raise RegistryError(
            Reason.PERIOD_INVERTED,
            "the period does not begin before it ends",
            field=f"{path}.{name}" if path else name,
        )
    return Validity(begin, end)


def parse_evidence(evidence: pb.Evidence, field: str) -> Evidence:
    """Read what was seen.

    Raises:
        RegistryError: no kind, INVALID_ARGUMENT / FIELD_REQUIRED; no such kind, INVALID_ARGUMENT / CODE_UNKNOWN; a
            text or country as of `clean_text` and `country_code`.
    """
    try:
        return _evidence(evidence.kind, evidence.document_number, evidence.issuing_country)
    except RegistryError as error:
        raise at(field, error) from None


@functools.lru_cache(16)
def _evidence(kind: int, document_number: str, issuing_country: str) -> Evidence:
    """Read what was seen; all facts of a person were often seen in one document."""
    return Evidence(
        _coded(_KINDS, kind, "kind"),
        clean_optional_text(document_number, "document_number", _DOCUMENT),
        country_code(issuing_country, "issuing_country") if issuing_country else "",
    )


def parse_identifier_key(key: pb.IdentifierKey, field: str) -> IdentifierKey:
    """Read a foreign identifier.

    Raises:
        RegistryError: a part is absent, INVALID_ARGUMENT / FIELD_REQUIRED; no such scheme, INVALID_ARGUMENT /
            CODE_UNKNOWN; nothing but separators, INVALID_ARGUMENT / FIELD_INVALID; a text or country as of
            `clean_text` and `country_code`.
    """
    try:
        read = IdentifierKey(
            country_code(key.country, "country"),
            _coded(_SCHEMES, key.scheme, "scheme"),
            clean_text(key.identifier, "identifier", _IDENTIFIER),
        )
        _check_folded(read.folded)
    except RegistryError as error:
        raise at(field, error) from None
    return read


def parse_name(name: pb.Name) -> Name:
    """Read a name; refusals name fields within it, as of every function below."""
    family = clean_text(name.family_name, "family_name", _FAMILY_NAME)
    names = name.given_names
    if not names:
        return Name(family)
    if len(names) > _GIVEN_NAMES:
        raise _too_many("given_names", _GIVEN_NAMES)
    given: list[str] = []
    try:
        for one in names:
            given.append(clean_text(one, "", _GIVEN_NAME))  # noqa: PERF401 - how far it came, the refusal must know
    except RegistryError as error:
        raise at(f"given_names[{len(given)}]", error) from None
    return Name(family, tuple(given))


def parse_birth(birth: pb.Birth, today: dt.date) -> Birth:
    """Read a birth.

    Raises:
        RegistryError: no date at all, INVALID_ARGUMENT / FIELD_REQUIRED (unknown is an empty one); a date after
            `today`, INVALID_ARGUMENT / TIME_IN_FUTURE; a date or place that is wrong.
    """
    if not birth.HasField("date"):
        raise RegistryError(Reason.FIELD_REQUIRED, "a date is required, be it an empty one", field="date")
    date = parse_partial_date(birth.date, "date")
    _refuse_future(date, today)
    return Birth(date, _place(birth))


def parse_decease(decease: pb.Decease, today: dt.date) -> Decease:
    """Read a decease; as `parse_birth`, but the year is required."""
    date = parse_partial_date(decease.date, "date")
    if not date.year:
        raise RegistryError(Reason.FIELD_REQUIRED, "the year of a decease is required", field="date.year")
    _refuse_future(date, today)
    return Decease(date, _place(decease))


def parse_gender(gender: int) -> Gender:
    """Read a gender; 0 says that it is unknown.

    Raises:
        RegistryError: no such gender; INVALID_ARGUMENT / CODE_UNKNOWN.
    """
    read = _GENDERS.get(gender)
    if read is None:
        raise RegistryError(Reason.CODE_UNKNOWN, "there is no such code")
    return read


def parse_nationalities(nationalities: pb.Nationalities) -> Nationalities:
    """Read nationalities.

    Raises:
        RegistryError: more than ten, RESOURCE_EXHAUSTED / TOO_MANY_ELEMENTS; one that stands there already,
            INVALID_ARGUMENT / FIELD_INVALID; an unknown one, INVALID_ARGUMENT / COUNTRY_UNKNOWN.
    """
    said = nationalities.countries
    if len(said) > _NATIONALITIES:
        raise _too_many("countries", _NATIONALITIES)
    countries: list[str] = []
    try:
        for one in said:
            countries.append(_another(country_code(one, ""), countries))
    except RegistryError as error:
        raise at(f"countries[{len(countries)}]", error) from None
    return Nationalities(tuple(countries))


def parse_civil_state(state: pb.CivilState) -> CivilState:
    """Read a civil state.

    Raises:
        RegistryError: no code, INVALID_ARGUMENT / FIELD_REQUIRED; no such code, INVALID_ARGUMENT / CODE_UNKNOWN; a
            partner of somebody single, or both number and name of one, INVALID_ARGUMENT / FIELD_INVALID; a number
            that is none, INVALID_ARGUMENT / NUMBER_MALFORMED; a name that is wrong.
    """
    code = state.code
    if code not in CIVIL_STATES:
        _refuse_code(code, "code")
    ssin = parse_ssin(state.partner_ssin, "partner_ssin") if state.partner_ssin else None
    name = None
    if state.HasField("partner_name"):
        try:
            name = parse_name(state.partner_name)
        except RegistryError as error:
            raise at("partner_name", error) from None
        if ssin is not None:
            raise RegistryError(
                Reason.FIELD_INVALID,
                "a partner is named where no number is known, not beside one",
                field="partner_name",
            )
    if code == _SINGLE and not (ssin is None and name is None):
        raise RegistryError(
            Reason.FIELD_INVALID,
            "somebody single has no partner",
            field="partner_name" if ssin is None else "partner_ssin",
        )
    return CivilState(code, ssin, name)


def parse_address(address: pb.Address) -> Address:
    """Read an address.

    Raises:
        RegistryError: no country, INVALID_ARGUMENT / FIELD_REQUIRED; an unknown one, INVALID_ARGUMENT /
            COUNTRY_UNKNOWN; a municipality that is none, INVALID_ARGUMENT / CODE_UNKNOWN, or that lies in another
            country, INVALID_ARGUMENT / FIELD_INVALID; a text as of `clean_text`.
    """
    country = country_code(address.country, "country")
    return Address(
        country,
        _municipality(address.municipality_code, country),
        clean_optional_text(address.municipality_name, "municipality_name", _TEXT),
        clean_optional_text(address.postal_code, "postal_code", _SHORT),
        clean_optional_text(address.street, "street", _TEXT),
        clean_optional_text(address.house_number, "house_number", _SHORT),
        clean_optional_text(address.box, "box", _SHORT),
    )


def _place(event: pb.Birth | pb.Decease) -> Place | None:
    """Read the place of a birth or decease; one that says nothing is none."""
    if not event.HasField("place"):
        return None
    place = event.place
    try:
        country = country_code(place.country, "country") if place.country else ""
        code = _municipality(place.municipality_code, country)
        name = clean_optional_text(place.municipality_name, "municipality_name", _TEXT)
    except RegistryError as error:
        raise at("place", error) from None
    return Place(country, code, name) if country or code or name else None


def _municipality(code: int, country: str) -> int:
    if not code:
        return 0
    if not 10_000 <= code <= 99_999:
        raise RegistryError(Reason.CODE_UNKNOWN, "there is no such municipality", field="municipality_code")
    if country not in ("", BELGIUM):
        raise RegistryError(
            Reason.FIELD_INVALID,
            "a municipality code goes with Belgium only",
            field="municipality_code",
        )
    return code


def _check_folded(folded: str) -> None:
    if not folded:
        raise RegistryError(
            Reason.FIELD_INVALID, "the identifier holds nothing but separators", field="identifier"
        )
    if len(folded) > _IDENTIFIER:  # capitals may be more than their small letters: ß
        clean_text(folded, "identifier", _IDENTIFIER)


def _another(country: str, countries: list[str]) -> str:
    if country in countries:
        raise RegistryError(Reason.FIELD_INVALID, "the country stands there already")
    return country


def _coded(known: dict[int, CodeT], code: int, field: str) -> CodeT:
    read = known.get(code)
    if read is None:
        _refuse_code(code, field)
    return read


def _refuse_code(code: int, field: str) -> NoReturn:
    if not code:
        raise RegistryError(Reason.FIELD_REQUIRED, "a code is required", field=field)
    raise RegistryError(Reason.CODE_UNKNOWN, "there is no such code", field=field)


def _refuse_date(field: str) -> NoReturn:
    raise RegistryError(
        Reason.DATE_INVALID, "the date does not exist, or lies outside 1800 to 2999", field=field
    )


def _refuse_future(date: PartialDate, today: dt.date) -> None:
    known = (date.year, date.month or 1, date.day or 1)
    if known > (today.year, today.month, today.day):
        raise RegistryError(Reason.TIME_IN_FUTURE, "the date lies in the future", field="date")


def _too_many(field: str, most: int) -> RegistryError:
    return RegistryError(
        Reason.TOO_MANY_ELEMENTS, "too many of them", field=field, metadata={"limit": str(most)}
    )
