"""Persons in plain words, and as tables."""

import datetime as dt
from collections.abc import Iterable

from kruispunt.cli.output import print_line, print_records, print_table, show
from kruispunt.facts import (
    Birth,
    CivilState,
    ContactAddress,
    Decease,
    Evidence,
    Fact,
    FactValue,
    ForeignIdentifier,
    Gender,
    IdentifierKey,
    Name,
    Nationalities,
    Place,
    ResidentialAddress,
    Validity,
)
from kruispunt.persons import Candidate, Person, Register, ResolvedNumber, ScorePart
from kruispunt.registering import Conflict
from kruispunt.values import InstitutionRef, PartialDate

_CIVIL_STATES = {
    10: "single",
    20: "married",
    25: "partnership registered abroad",
    26: "partnership abroad dissolved",
    30: "widowed",
    40: "divorced",
    41: "divorced under an older law",
    50: "separated",
    51: "separated",
    60: "legal cohabitation",
}
_NATIONAL_REGISTER = InstitutionRef(0, 0)
_REASONS_SHOWN = 3
_BASE = "base"  # what every comparison begins with explains nothing


def words(value: FactValue | None) -> str:  # noqa: PLR0911 - one for each data group
    """Return a value as people read it."""
    match value:
        case Name(family, given):
            return ", ".join(filter(None, (family, " ".join(given))))
        case Birth(date, place) | Decease(date, place):
            return ", ".join(filter(None, (date_words(date), _place(place))))
        case Gender():
            return "unknown" if value is Gender.UNSPECIFIED else value.name.lower()
        case Nationalities(countries):
            return ", ".join(countries) or "stateless"
        case CivilState(code, partner, partner_name):
            whom = partner.display if partner else words(partner_name) if partner_name else ""
            return f"{code} {_CIVIL_STATES.get(code, '')}".strip() + (f", with {whom}" if whom else "")
        case ResidentialAddress() | ContactAddress():
            return _address(value)
    return ""


def date_words(date: PartialDate) -> str:
    """Return as much of a date as is known."""
    if not date.year:
        return "date unknown"
    parts = [f"{date.year:04}"] + [f"{part:02}" for part in (date.month, date.day) if part]
    return "-".join(parts)


def evidence_words(evidence: Evidence | None) -> str:
    """Return what was seen."""
    if evidence is None:
        return ""
    parts = [show(evidence.kind), evidence.document_number]
    parts += [f"of {evidence.issuing_country}"] if evidence.issuing_country else []
    return " ".join(filter(None, parts))


def key_words(key: IdentifierKey) -> str:
    """Return a foreign identifier."""
    return f"{show(key.scheme)} {key.identifier} of {key.country}"


def source_words(source: InstitutionRef) -> str:
    """Return who said something."""
    return "national register" if source == _NATIONAL_REGISTER else str(source)


def parts_words(parts: Iterable[ScorePart]) -> str:
    """Return the weightiest parts of a score."""
    told = [
        f"{each.field.replace('_', ' ')} {each.level} {each.weight:+.1f}"
        for each in parts
        if each.field != _BASE
    ]
    return "; ".join(told[:_REASONS_SHOWN])


def print_person(person: Person) -> None:
    """Print who somebody is, by which numbers, and what the caller may not see."""
    mark = "  PROTECTED" if person.protected else ""
    if person.protected and person.register is Register.UNSPECIFIED:  # then nothing else was told
        print_line(f"{person.ssin.display}{mark}: refer to the register keeper")
        if person.resolution is not None:
            print_resolution(person.resolution)
        return
    print_line(f"{person.ssin.display}  {person.register.name}, {show(person.status)}{mark}")
    print_facts("facts", person.facts)
    if person.foreign_identifiers:
        print_identifiers(person.foreign_identifiers)
    if person.former_ssins:
        print_line(f"former numbers: {', '.join(each.display for each in person.former_ssins)}")
    if person.withheld:
        print_line(f"withheld: {', '.join(map(show, person.withheld))}")
    if person.etag:
        print_line(f"etag {person.etag}")
    if person.resolution is not None:
        print_resolution(person.resolution)


def print_facts(title: str, facts: Iterable[Fact]) -> None:
    """Print facts, with what a correction needs to name."""
    print_table(
        title,
        ("fact", "group", "value", "true", "said by", "seen"),
        [
            (
                each.fact_id,
                each.group,
                words(each.value),
                "" if each.validity == Validity() else each.validity,
                source_words(each.source),
                evidence_words(each.evidence),
            )
            for each in facts
        ],
    )


def print_identifiers(identifiers: Iterable[ForeignIdentifier]) -> None:
    """Print foreign identifiers, with what the end of a link needs to name."""
    print_table(
        "foreign identifiers",
        ("link", "identifier", "holds", "linked by", "etag"),
        [(each.link_id, key_words(each.key), each.validity, each.source, each.etag) for each in identifiers],
    )


def print_candidates(candidates: Iterable[Candidate]) -> None:
    """Print whom it may be, and why."""
    print_records(
        "candidates",
        ("number", "grade", "log2 odds", "name", "born", "gender", "why"),
        [
            (
                each.ssin.display,
                each.grade,
                f"{each.log2_odds:.1f}",
                words(each.person.name) if each.person else "",
                words(each.person.birth) if each.person else "",
                words(each.person.gender) if each.person else "",
                parts_words(each.parts)
                + (" (former name)" if each.by_former_name else "")
                + (" PROTECTED" if each.person and each.person.protected else ""),
            )
            for each in candidates
        ],
        head=5,
        roomy=120,
    )


def print_referrals(referrals: Iterable[str]) -> None:
    """Print what stands in place of protected persons."""
    for referral in referrals:
        print_line(f"a protected person: refer to the register keeper, with {referral}")


def print_conflicts(conflicts: Iterable[Conflict]) -> None:
    """Print what contradicts each other."""
    print_table(
        "conflicts: what stands under the next number is seen",
        ("group", "former number says", "next number says"),
        [(each.group, words(each.former.value), words(each.next.value)) for each in conflicts],
    )


def print_resolution(resolution: ResolvedNumber) -> None:
    """Say where a number leads, if it is not the one that stands."""
    for step in resolution.chain:
        print_line(
            f"{step.former.display} was replaced by {step.next.display}: "
            f"{show(step.reason)}, from {step.effective_date}"
        )


def print_told(told: Iterable[InstitutionRef], *, complete: bool, what: str) -> None:
    """Print institutions with a dossier; say so if they are not all."""
    print_line(f"{what}: {', '.join(map(str, told)) or 'no institution'}")
    if not complete:
        print_line("note: the directory could not be asked; there may be more")


def when(instant: dt.datetime | None) -> str:
    """Return an instant, in a width of its own; none: of what the national register says, only today is known."""
    return f"{instant:%Y-%m-%d %H:%M:%S}Z" if instant else f"{'today':20}"


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    where = place.municipality_name or (str(place.municipality_code) if place.municipality_code else "")
    return f"{where} ({place.country})" if where and place.country else where or place.country


def _address(address: ResidentialAddress | ContactAddress) -> str:
    box = f"box {address.box}" if address.box else ""
    street = " ".join(filter(None, (address.street, address.house_number, box)))
    code = str(address.municipality_code) if address.municipality_code else ""
    town = " ".join(filter(None, (address.postal_code, address.municipality_name or code)))
    return ", ".join(filter(None, (street, town, address.country)))
