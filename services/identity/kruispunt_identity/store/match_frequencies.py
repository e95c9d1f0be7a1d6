"""How common names are, counted from the register now and then, and kept in memory."""

from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from kruispunt_identity.matching.frequencies import MatchFrequencies
from kruispunt_identity.matching.profile import ProfileSource
from kruispunt_identity.matching.text import form_of
from kruispunt_identity.store.match_rows import profile_of
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.bulk import bulk_insert_columns

_ALL, _FAMILY, _GIVEN = 0, 1, 2
_BATCH = 5_000
# Codes counted at the same moment: beyond, those that came once so far are forgotten.
_MOST_COUNTED = 400_000
# Codes kept: a rarer one weighs as one that nobody has.
_MOST_KEPT = 20_000


def load_frequencies(connection: sa.Connection, tables: MatchingTables) -> MatchFrequencies:
    """Return the frequencies as last counted; every name is equally rare before the first count."""
    table = tables.match_frequency
    persons = 0
    counts: dict[int, dict[str, int]] = {_FAMILY: {}, _GIVEN: {}}
    for part, code, count in connection.execute(sa.select(table.c.part, table.c.code, table.c.persons)):
        if part == _ALL:
            persons = count
        else:
            counts[part][code] = count
    return MatchFrequencies(persons, counts[_FAMILY], counts[_GIVEN])


@dataclass(frozen=True, slots=True)
class NameCounts:
    """How many persons were counted, and how many of them have each sound code."""

    persons: int
    family: Counter[str] = field(repr=False)
    given: Counter[str] = field(repr=False)


def count_names(
    connection: sa.Connection, tables: MatchingTables, national: ProfileSource | None = None
) -> NameCounts:
    """Count how many persons share each sound code, by their current names; in bounded memory, writing nothing.

    About 30 s per million persons.

    Args:
        connection: one of `Database.reading`: nobody waits for the count.
        tables: of the person search.
        national: knows the names of which only keys are kept here; absent: those persons do not count.

    Raises:
        RegistryError: the national register cannot be asked; UNAVAILABLE / REGISTER_UNAVAILABLE.
    """
    family, given, persons, after = Counter[str](), Counter[str](), 0, 0
    profile = tables.match_profile
    batch = (
        sa.select(profile.c.ssin, profile.c.names)
        .where(profile.c.ssin > sa.bindparam("after"))
        .order_by(profile.c.ssin)
        .limit(_BATCH)
    )
    while rows := connection.execute(batch, {"after": after}).all():
        profiles = [profile_of(names, 0, 0, "") for _, names in rows if names is not None]
        elsewhere = [ssin for ssin, names in rows if names is None]
        if elsewhere and national is not None:
            profiles += national.profiles(elsewhere).values()
        for each in profiles:
            form = form_of(each.names[0])
            family.update(form.family_codes)
            given.update(form.given_codes)
        after = rows[-1][0]
        persons += len(profiles)
        family, given = _bounded(family), _bounded(given)
    return NameCounts(persons, family, given)


def write_frequencies(connection: sa.Connection, tables: MatchingTables, counts: NameCounts) -> None:
    """Replace what was counted before; running servers take it within a minute.

    Args:
        connection: one of `Database.writing`.
        tables: of the person search.
        counts: as of `count_names`.
    """
    rows = [(_ALL, "", counts.persons)]
    for part, counter in ((_FAMILY, counts.family), (_GIVEN, counts.given)):
        kept = sorted(counter.items(), key=lambda each: (-each[1], each[0]))[:_MOST_KEPT]
        rows += [(part, code, count) for code, count in kept if count > 1]
    connection.execute(sa.delete(tables.match_frequency))
    columns = dict(zip(("part", "code", "persons"), zip(*rows, strict=True), strict=True))
    bulk_insert_columns(connection, tables.match_frequency, columns)


def refresh_frequencies(connection: sa.Connection, tables: MatchingTables) -> int:
    """Count and write in one transaction, of the persons whose names are kept here; returns of how many."""
    counts = count_names(connection, tables)
    write_frequencies(connection, tables, counts)
    return counts.persons


def _bounded(counts: Counter[str]) -> Counter[str]:
    if len(counts) <= _MOST_COUNTED:
        return counts
    return Counter({code: count for code, count in counts.items() if count > 1})
