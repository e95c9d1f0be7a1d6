"""Entries of the code tables: what exists, who can supply what, who may obtain what."""

from dataclasses import dataclass, field
from typing import Any

from kruispunt.period import Period
from kruispunt.values import DataSetRef, InstitutionRef, NetworkLevel

LANGUAGES = ("nl", "fr", "de", "en")


@dataclass(frozen=True, slots=True)
class Labels:
    """A name in the languages of the country; `own_translations` says which ones are no official names."""

    nl: str = ""
    fr: str = ""
    de: str = ""
    en: str = ""
    own_translations: tuple[str, ...] = ()

    def best(self, *languages: str) -> str:
        """Return the first that is known, in the order asked, then nl, fr, de, en.

        Raises:
            ValueError: a language is none of the four.
        """
        if not set(languages) <= set(LANGUAGES):
            raise ValueError(f"names are in {', '.join(LANGUAGES)}")
        return next((t for t in (getattr(self, n) for n in (*languages, *LANGUAGES)) if t), "")


@dataclass(frozen=True, slots=True)
class Sector:
    """A branch of social security, 0 to 999."""

    code: int
    labels: Labels
    validity: Period
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Institution:
    """A participant of the social security; `enterprise_number` has 10 digits or is empty."""

    institution: InstitutionRef
    labels: Labels
    enterprise_number: str
    network_level: NetworkLevel
    validity: Period
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of a dossier in a capacity, 0 to 99; a higher one is further."""

    number: int
    labels: Labels


@dataclass(frozen=True, slots=True)
class Capacity:
    """In which role an institution of a sector knows a person; no sector: every sector, no phases: only 0."""

    sector: int | None
    code: int
    labels: Labels
    phases: tuple[Phase, ...]
    validity: Period
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class DataSet:
    """A kind of data that can be exchanged."""

    data_set: DataSetRef
    labels: Labels
    validity: Period
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Availability:
    """Which capacity of which sector can supply which data set, from which phase."""

    availability_id: str
    data_set: DataSetRef
    sector: int
    institution: int | None
    capacity: int
    from_phase: int
    validity: Period
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Which consumer may obtain which data set, in which capacity of its own, from whom, on which basis."""

    authorisation_id: str
    data_set: DataSetRef
    consumer_sector: int
    consumer_institution: int | None
    consumer_capacity: int
    from_phase: int
    supplier_sector: int | None
    supplier_institution: int | None
    deliberation_id: str
    validity: Period
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Deliberation:
    """A decision of the Information Security Committee."""

    deliberation_id: str
    labels: Labels
    url: str
    validity: Period
    message: Any = field(default=None, repr=False, compare=False)


Entry = Sector | Institution | Capacity | DataSet | Availability | Authorisation | Deliberation


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing entries: how many are new, got a new revision, or stood already."""

    created: int
    revised: int
    unchanged: int
    message: Any = field(default=None, repr=False, compare=False)
