"""What the registry knows about the world of social security, not about persons: code tables and rules.

Values, one class per kind of entry, and `Knowledge`: everything as it was known at one moment.
Which entries are well formed and fit together: `knowledge_checks`.

Source: domain.md §1 and §4; protos/kruispunt/directory/v1/knowledge_service.proto.
"""

import datetime as dt
import enum
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from kruispunt.period import Period
from kruispunt_server.call import InstitutionKey

LANGUAGES = ("nl", "fr", "de", "en")

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """A name in the languages of the country; empty where it is not known.

    Attributes:
        own_translations: languages whose text is the registry's own rather than an official name.
    """

    nl: str = ""
    fr: str = ""
    de: str = ""
    en: str = ""
    own_translations: tuple[str, ...] = ()


class NetworkLevel(enum.IntEnum):
    """How directly an institution is connected; the numbers are those of the contract."""

    PRIMARY = 1
    SECONDARY = 2


@dataclass(frozen=True, slots=True, order=True)
class DataSetKey:
    """Names one data set: code, 1 to 40 of A-Z, 0-9 and "-"; variant, 0 to 999."""

    code: str
    variant: int


@dataclass(frozen=True, slots=True)
class Sector:
    """A branch of social security."""

    code: int
    labels: Labels
    validity: Period


@dataclass(frozen=True, slots=True)
class Institution:
    """A participant of the social security.

    Attributes:
        enterprise_number: 10 digits of the Crossroads Bank for Enterprises; empty if none is known.
    """

    key: InstitutionKey
    labels: Labels
    enterprise_number: str
    network_level: NetworkLevel
    validity: Period


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of a dossier in a capacity: 0 to 99, a higher one is further."""

    number: int
    labels: Labels


@dataclass(frozen=True, slots=True)
class Capacity:
    """In which role an institution knows a person.

    Attributes:
        sector: 0 to 999; none for a capacity of every sector.
        phases: those that exist, ascending; empty means that there is phase 0 only.
    """

    sector: int | None
    code: int
    labels: Labels
    phases: tuple[Phase, ...]
    validity: Period

    def has_phase(self, number: int) -> bool:
        """Whether a dossier in this capacity can be in phase `number`."""
        if not self.phases:
            return number == 0
        return any(phase.number == number for phase in self.phases)


@dataclass(frozen=True, slots=True)
class DataSet:
    """A kind of data that can be exchanged."""

    key: DataSetKey
    labels: Labels
    validity: Period


@dataclass(frozen=True, slots=True)
class Availability:
    """Which capacity of which sector can supply which data set, from which phase.

    Attributes:
        institution: only this one of the sector; none for all.
        from_phase: lowest phase of the supplier's dossier.
    """

    availability_id: str
    data_set: DataSetKey
    sector: int
    institution: int | None
    capacity: int
    from_phase: int
    validity: Period


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Which consumer may obtain which data set, in which capacity of its own, from whom, on which legal basis.

    Attributes:
        consumer_institution: only this one of the sector; none for all.
        from_phase: lowest phase of the consumer's dossier.
        supplier_sector: only suppliers of this sector; none for all.
        supplier_institution: only this one of `supplier_sector`; none for all.
    """

    authorisation_id: str
    data_set: DataSetKey
    consumer_sector: int
    consumer_institution: int | None
    consumer_capacity: int
    from_phase: int
    supplier_sector: int | None
    supplier_institution: int | None
    deliberation_id: str
    validity: Period


@dataclass(frozen=True, slots=True)
class Deliberation:
    """A decision of the Information Security Committee.

    Attributes:
        url: where it can be read; empty if it is not published.
    """

    deliberation_id: str
    labels: Labels
    url: str
    validity: Period


Entry = Sector | Institution | Capacity | DataSet | Availability | Authorisation | Deliberation
EntryT = TypeVar("EntryT", Sector, Institution, Capacity, DataSet, Availability, Authorisation, Deliberation)


class Kind(enum.StrEnum):
    """The kinds of entry, by the name that field paths give them; in the order in which they refer to each other."""

    SECTOR = "sector"
    INSTITUTION = "institution"
    CAPACITY = "capacity"
    DATA_SET = "data_set"
    DELIBERATION = "deliberation"
    AVAILABILITY = "availability"
    AUTHORISATION = "authorisation"


_KIND_OF: dict[type[Entry], Kind] = {
    Sector: Kind.SECTOR,
    Institution: Kind.INSTITUTION,
    Capacity: Kind.CAPACITY,
    DataSet: Kind.DATA_SET,
    Deliberation: Kind.DELIBERATION,
    Availability: Kind.AVAILABILITY,
    Authorisation: Kind.AUTHORISATION,
}


def kind_of(entry: Entry) -> Kind:
    """Return the kind of `entry`."""
    return _KIND_OF[type(entry)]


def key_of(entry: Entry) -> Key:  # noqa: PLR0911 - one per kind
    """Return what names `entry` within its kind and orders the list of its kind.

    The capacities of every sector carry -1 for the sector, so that they come first.
    """
    match entry:
        case Sector():
            return (entry.code,)
        case Institution():
            return (entry.key.sector, entry.key.institution)
        case Capacity():
            return (-1 if entry.sector is None else entry.sector, entry.code)
        case DataSet():
            return (entry.key.code, entry.key.variant)
        case Availability():
            return (entry.availability_id,)
        case Authorisation():
            return (entry.authorisation_id,)
        case Deliberation():
            return (entry.deliberation_id,)


def concerns_sector(entry: Entry, sector: int) -> bool:
    """Whether a list narrowed to `sector` shows the entry.

    Availabilities go by their supplier, authorisations by their consumer; a capacity of every sector is one of
    this sector too. Data sets and deliberations belong to none and are never left out.
    """
    match entry:
        case Sector():
            return entry.code == sector
        case Institution():
            return entry.key.sector == sector
        case Capacity():
            return entry.sector in (None, sector)
        case Availability():
            return entry.sector == sector
        case Authorisation():
            return entry.consumer_sector == sector
        case _:
            return True


class Knowledge:
    """Everything as it was known at one moment: one entry per key. Never changes.

    Look-ups answer with the entry in force on `day`, or none; they cost a dictionary access.

    Args:
        entries: at most one per kind and key, in any order; of several, the last one counts.
        number: the write after which it stood so; 0 before the first.
    """

    def __init__(self, entries: Iterable[Entry] = (), number: int = 0) -> None:
        self.number = number
        kinds: dict[Kind, dict[Key, Entry]] = {kind: {} for kind in Kind}
        for entry in entries:
            kinds[kind_of(entry)][key_of(entry)] = entry
        self._kinds = {kind: dict(sorted(of_kind.items())) for kind, of_kind in kinds.items()}
        self._keys = {kind: tuple(of_kind) for kind, of_kind in self._kinds.items()}
        availabilities: defaultdict[DataSetKey, list[Availability]] = defaultdict(list)
        for availability in self.entries(Availability):
            availabilities[availability.data_set].append(availability)
        self._availabilities = dict(availabilities)
        authorisations: defaultdict[tuple[DataSetKey, int, str], list[Authorisation]] = defaultdict(list)
        for each in self.entries(Authorisation):
            authorisations[each.data_set, each.consumer_sector, each.deliberation_id].append(each)
        self._authorisations = dict(authorisations)

    def entries(self, kind: type[EntryT]) -> list[EntryT]:
        """Return all entries of a kind, in force or not, by key."""
        return cast("list[EntryT]", list(self._kinds[_KIND_OF[kind]].values()))

    def after(self, kind: type[EntryT], key: Key | None) -> Iterable[EntryT]:
        """Give the entries of a kind whose key lies after `key`, by key; all of them if it is none."""
        keys: Sequence[Key] = self._keys[_KIND_OF[kind]]
        of_kind = self._kinds[_KIND_OF[kind]]
        for index in range(0 if key is None else bisect_right(keys, key), len(keys)):
            yield cast("EntryT", of_kind[keys[index]])

    def all_entries(self) -> list[Entry]:
        """Return the entries of every kind, kinds in the order in which they refer to each other."""
        return [entry for of_kind in self._kinds.values() for entry in of_kind.values()]

    def find(self, entry: Entry) -> Entry | None:
        """Find what stands under the key of `entry`, in force or not."""
        return self._kinds[kind_of(entry)].get(key_of(entry))

    def find_sector(self, code: int, day: dt.date) -> Sector | None:
        """Find a sector."""
        return _in_force(cast("Sector | None", self._kinds[Kind.SECTOR].get((code,))), day)

    def find_institution(self, key: InstitutionKey, day: dt.date) -> Institution | None:
        """Find an institution."""
        found = self._kinds[Kind.INSTITUTION].get((key.sector, key.institution))
        return _in_force(cast("Institution | None", found), day)

    def find_capacity(self, sector: int, code: int, day: dt.date) -> Capacity | None:
        """Find a capacity: the sector's own, or else that of every sector."""
        of_kind = self._kinds[Kind.CAPACITY]
        own = _in_force(cast("Capacity | None", of_kind.get((sector, code))), day)
        return own or _in_force(cast("Capacity | None", of_kind.get((-1, code))), day)

    def find_data_set(self, key: DataSetKey, day: dt.date) -> DataSet | None:
        """Find a data set."""
        return _in_force(cast("DataSet | None", self._kinds[Kind.DATA_SET].get((key.code, key.variant))), day)

    def find_deliberation(self, deliberation_id: str, day: dt.date) -> Deliberation | None:
        """Find a deliberation."""
        found = self._kinds[Kind.DELIBERATION].get((deliberation_id,))
        return _in_force(cast("Deliberation | None", found), day)

    def authorisations(
        self, data_set: DataSetKey, consumer: InstitutionKey, deliberation_id: str, day: dt.date
    ) -> list[Authorisation]:
        """Return what lets `consumer` obtain `data_set` under the deliberation, by identifier.

        Both the authorisation and the deliberation are in force on `day`: an authorisation does not outlive
        its legal basis, even if nobody ended it.
        """
        if self.find_deliberation(deliberation_id, day) is None:
            return []
        return [
            each
            for each in self._authorisations.get((data_set, consumer.sector, deliberation_id), ())
            if each.consumer_institution in (None, consumer.institution) and each.validity.holds(day)
        ]

    def availabilities(self, data_set: DataSetKey, day: dt.date) -> list[Availability]:
        """Return who can supply `data_set`, by identifier."""
        return [each for each in self._availabilities.get(data_set, ()) if each.validity.holds(day)]


def _in_force(entry: EntryT | None, day: dt.date) -> EntryT | None:
    return entry if entry is not None and entry.validity.holds(day) else None
