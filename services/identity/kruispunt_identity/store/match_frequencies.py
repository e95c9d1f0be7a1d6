"""How common names are, counted from the register now and then, and kept in memory."""

from collections import Counter

import sqlalchemy as sa

from kruispunt_identity.matching.frequencies import MatchFrequencies
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


def refresh_frequencies(connection: sa.Connection, tables: MatchingTables) -> int:
    """Count anew how many persons share each sound code, by their current names, and return of how many persons.

    Persons of whom only keys are kept do not count. Bounded memory; about 30 s per million persons. Servers take
    the result when they start.

    Args:
        connection: one of `Database.writing`.
        tables: of the person search.
    """
    family, given, persons, after = Counter[str](), Counter[str](), 0, 0
    profile = tables.match_profile
    batch = (
        sa.select(profile.c.ssin, profile.c.names)
        .where(profile.c.ssin > sa.bindparam("after"), profile.c.names.is_not(None))
        .order_by(profile.c.ssin)
        .limit(_BATCH)
    )
    while rows := connection.execute(batch, {"after": after}).all():
        for _, names in rows:
            form = form_of(profile_of(names, 0, 0, "").names[0])
            family.update(form.family_codes)
            given.update(form.given_codes)
        after = rows[-1][0]
        persons += len(rows)
        family, given = _bounded(family), _bounded(given)
    _write(connection, tables.match_frequency, persons, {_FAMILY: family, _GIVEN: given})
    return persons


def _bounded(counts: Counter[str]) -> Counter[str]:
    if len(counts) <= _MOST_COUNTED:
        return counts
    return Counter({code: count for code, count in counts.items() if count > 1})


def _write(connection: sa.Connection, table: sa.Table, persons: int, counts: dict[int, Counter[str]]) -> None:
    rows = [(_ALL, "", persons)]
    for part, counter in counts.items():
        kept = sorted(counter.items(), key=lambda each: (-each[1], each[0]))[:_MOST_KEPT]
        rows += [(part, code, count) for code, count in kept if count > 1]
    connection.execute(sa.delete(table))
    columns = dict(zip(("part", "code", "persons"), zip(*rows, strict=True), strict=True))
    bulk_insert_columns(connection, table, columns)
