"""What is said of a person, by options of the command line."""

import datetime as dt
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from kruispunt.cli import options
from kruispunt.facts import (
    Birth,
    CivilState,
    ContactAddress,
    Decease,
    Evidence,
    EvidenceKind,
    FactValue,
    Gender,
    Name,
    Nationalities,
    Place,
    ResidentialAddress,
    Statement,
    Validity,
)
from kruispunt.ssin import Ssin
from kruispunt.values import PartialDate, WireEnum

W = TypeVar("W", bound=WireEnum)

_NAME = "Name, birth, civil status"
_RESIDENCE = "Where the person lives"
_CONTACT = "Where the person wants to be written to"
_SEEN = "Since when, and what was seen"
_WIDEST_METAVAR = 24  # a longer one pushes the help out of a terminal of 80 columns


def choice(
    kind: type[W],
    *names: str,
    help: str,  # noqa: A002 - as typer has it
    panel: str | None = None,
    only: Collection[W] = (),
) -> Any:
    """Return an option or argument that takes one choice of the contract, such as "birth-certificate".

    Args:
        kind: the choices; UNSPECIFIED is said by leaving it out.
        names: of the option; none: that of the parameter.
        help: a sentence.
        panel: of the help, under which it stands.
        only: these choices; left out: all.
    """
    words = {_word(each): each for each in only or kind if each.value}

    def read(text: str) -> W:
        if text not in words:
            raise ValueError(f"it is one of {', '.join(words)}")
        return words[text]

    metavar = "|".join(words)
    if len(metavar) > _WIDEST_METAVAR:
        help = f"{help[:-1]}: {', '.join(words)}."  # noqa: A001
        metavar = re.findall("[A-Z][a-z]+", kind.__name__)[-1].upper()
    return typer.Option(
        *names, parser=options.reader(read), metavar=metavar, help=help, rich_help_panel=panel
    )


def _word(value: WireEnum) -> str:
    return value.name.lower().replace("_", "-")


def _text(name: str, text: str, panel: str) -> Any:
    return typer.Option(name, help=text, metavar="TEXT", rich_help_panel=panel)


_PARTIAL = "YYYY[-MM[-DD]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactOptions:
    """The values of all data groups, and what is said about them as a whole."""

    family_name: Annotated[str, _text("--family-name", "Family name.", _NAME)] = ""
    given_name: Annotated[
        list[str] | None, _text("--given-name", "Given name; once for each, in their order.", _NAME)
    ] = None
    birth_date: Annotated[
        PartialDate | None,
        typer.Option(
            "--birth-date",
            parser=options.reader(options.partial_date),
            metavar=_PARTIAL,
            help="Birth date; 0000 if wholly unknown.",
            rich_help_panel=_NAME,
        ),
    ] = None
    birth_country: Annotated[str, _text("--birth-country", "Country of birth, such as MA.", _NAME)] = ""
    birth_place: Annotated[str, _text("--birth-place", "Municipality of birth, as written.", _NAME)] = ""
    birth_code: Annotated[
        int,
        typer.Option(
            "--birth-code",
            help="Belgian municipality of birth, NIS code.",
            show_default=False,
            rich_help_panel=_NAME,
        ),
    ] = 0
    decease_date: Annotated[
        PartialDate | None,
        typer.Option(
            "--decease-date",
            parser=options.reader(options.partial_date),
            metavar=_PARTIAL,
            help="Date of decease.",
            rich_help_panel=_NAME,
        ),
    ] = None
    decease_country: Annotated[str, _text("--decease-country", "Country of decease.", _NAME)] = ""
    decease_place: Annotated[str, _text("--decease-place", "Municipality of decease.", _NAME)] = ""
    gender: Annotated[Gender | None, choice(Gender, help="Gender.", panel=_NAME)] = None
    nationality: Annotated[
        list[str] | None, _text("--nationality", "Country; once for each nationality.", _NAME)
    ] = None
    civil_state: Annotated[
        int,
        typer.Option(
            "--civil-state",
            help="Code: 10 single, 20 married, …",
            show_default=False,
            rich_help_panel=_NAME,
        ),
    ] = 0
    partner: Annotated[str, _text("--partner", "Number of the partner.", _NAME)] = ""
    residence_country: Annotated[str, _text("--residence-country", "Country, such as FR.", _RESIDENCE)] = ""
    residence_code: Annotated[
        int,
        typer.Option(
            "--residence-code",
            help="Belgian municipality, NIS code.",
            show_default=False,
            rich_help_panel=_RESIDENCE,
        ),
    ] = 0
    residence_place: Annotated[str, _text("--residence-place", "Municipality.", _RESIDENCE)] = ""
    residence_postal_code: Annotated[str, _text("--residence-postal-code", "Postal code.", _RESIDENCE)] = ""
    residence_street: Annotated[str, _text("--residence-street", "Street.", _RESIDENCE)] = ""
    residence_number: Annotated[str, _text("--residence-number", "House number.", _RESIDENCE)] = ""
    residence_box: Annotated[str, _text("--residence-box", "Box.", _RESIDENCE)] = ""
    contact_country: Annotated[str, _text("--contact-country", "Country, such as BE.", _CONTACT)] = ""
    contact_code: Annotated[
        int,
        typer.Option(
            "--contact-code",
            help="Belgian municipality, NIS code.",
            show_default=False,
            rich_help_panel=_CONTACT,
        ),
    ] = 0
    contact_place: Annotated[str, _text("--contact-place", "Municipality.", _CONTACT)] = ""
    contact_postal_code: Annotated[str, _text("--contact-postal-code", "Postal code.", _CONTACT)] = ""
    contact_street: Annotated[str, _text("--contact-street", "Street.", _CONTACT)] = ""
    contact_number: Annotated[str, _text("--contact-number", "House number.", _CONTACT)] = ""
    contact_box: Annotated[str, _text("--contact-box", "Box.", _CONTACT)] = ""
    begin: Annotated[
        dt.date | None,
        typer.Option(
            parser=options.reader(options.day),
            metavar="YYYY-MM-DD",
            help="True from that day on; left out: today. Not for birth and decease.",
            rich_help_panel=_SEEN,
        ),
    ] = None
    end: Annotated[
        dt.date | None,
        typer.Option(
            parser=options.reader(options.day),
            metavar="YYYY-MM-DD",
            help="The day after the last.",
            rich_help_panel=_SEEN,
        ),
    ] = None
    evidence: Annotated[
        EvidenceKind | None, choice(EvidenceKind, help="Kind of document that was seen.", panel=_SEEN)
    ] = None
    document: Annotated[str, _text("--document", "Its number.", _SEEN)] = ""
    document_country: Annotated[str, _text("--document-country", "Country that issued it.", _SEEN)] = ""
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="The facts as one JSON object, in the form of `person import`; besides the options.",
            rich_help_panel=_SEEN,
            exists=True,
            dir_okay=False,
        ),
    ] = None

    def statements(self) -> tuple[Statement, ...]:
        """Return what is said, in the order of the data groups.

        Raises:
            ValueError: options that say nothing without others, or a malformed file.
        """
        evidence = None
        if self.evidence is not None:
            evidence = Evidence(self.evidence, self.document, self.document_country)
        elif self.document or self.document_country:
            raise ValueError("--document and --document-country need --evidence")
        validity = Validity(self.begin, self.end) if self.begin or self.end else None
        told = [
            Statement(value, None if isinstance(value, Birth | Decease) else validity, evidence)
            for value in self._values()
        ]
        if self.file is not None:
            from kruispunt.cli.person_files import read_statements

            told += read_statements(self.file)
        return tuple(told)

    def _values(self) -> Iterator[FactValue]:  # noqa: C901 - one for each data group
        if self.family_name:
            yield Name(self.family_name, tuple(self.given_name or ()))
        elif self.given_name:
            raise ValueError("--given-name needs --family-name")
        birth_place = _place(self.birth_country, self.birth_code, self.birth_place)
        if self.birth_date is not None:
            yield Birth(self.birth_date, birth_place)
        elif birth_place is not None:
            raise ValueError("a place of birth needs --birth-date")
        decease_place = _place(self.decease_country, 0, self.decease_place)
        if self.decease_date is not None:
            yield Decease(self.decease_date, decease_place)
        elif decease_place is not None:
            raise ValueError("a place of decease needs --decease-date")
        if self.gender is not None:
            yield self.gender
        if self.nationality:
            yield Nationalities(tuple(self.nationality))
        if self.civil_state:
            yield CivilState(
                self.civil_state, Ssin.parse(options.person(self.partner)) if self.partner else None
            )
        elif self.partner:
            raise ValueError("--partner needs --civil-state")
        yield from self._addresses()

    def _addresses(self) -> Iterator[FactValue]:
        for kind, prefix in ((ResidentialAddress, "residence"), (ContactAddress, "contact")):
            parts = [
                getattr(self, f"{prefix}_{part}")
                for part in ("country", "code", "place", "postal_code", "street", "number", "box")
            ]
            if parts[0]:
                yield kind(*parts)
            elif any(parts):
                raise ValueError(f"an address needs --{prefix}-country")


def _place(country: str, code: int, name: str) -> Place | None:
    return Place(country, code, name) if country or code or name else None
