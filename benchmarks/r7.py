"""R7: ListDossiers with everything on, against FastAPI and SQLAlchemy's ORM doing the same work over plain HTTP; PostgreSQL."""

import json
import urllib.request
from typing import Any

from benchmarks import h2load
from benchmarks.against_echo import counts, pair
from benchmarks.calls import CHECKED, WrongAnswerError, expected_of
from benchmarks.comparing import Contender, Size, interleave, line
from benchmarks.population import asked_for, ssin_of
from benchmarks.processes import serving
from benchmarks.stores import Store, copied
from kruispunt_directory.tables import directory_tables

GOAL = 5.0


class LostCommitError(Exception):
    """The baseline did not write an access record for every call."""


def run(size: Size) -> list[dict[str, Any]]:
    """Measure it; each on a copy of its own, so that each one's records can be counted."""
    with copied("postgresql", size.rows, 2) as (store, other):
        return [_measured(store, other, size)]


def _measured(store: Store, other: Store, size: Size) -> dict[str, Any]:
    access = (directory_tables().shared.access,)
    calls = CHECKED
    (before,) = counts(other, access)
    with serving("serve_rest", other.url, str(other.persons)) as rest, pair("list", store) as both:
        reply_bytes = _checked(rest.port, store.persons)

        def load(count: int) -> float:
            nonlocal calls
            calls += count
            return h2load.get(rest.port, _path(), count, reply_bytes)

        with both.contenders() as (ours, _):
            baseline = Contender(load, rest.pid, store.pid)
            interleave(ours, baseline, size)
    (after,) = counts(other, access)
    if after - before != calls:
        raise LostCommitError(f"{after - before} records of {calls} calls")
    return line("R7", ours, baseline, goal=GOAL, rows=store.rows, store=store.label)


def _path() -> str:
    return f"/persons/{ssin_of(0)}/dossiers"


def _checked(port: int, persons: int) -> float:
    """Compare some answers with the population; returns the mean size of a reply in bytes."""
    person_of = {str(ssin_of(person)): person for person in asked_for(persons)}
    total = 0
    for _ in range(CHECKED):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{_path()}", timeout=10) as reply:
            body = reply.read()
        answer = json.loads(body)
        found = [
            (f"{one['person']:011d}", one["sector"], one["institution"], one["capacity"], one["dossier_id"])
            for one in answer["dossiers"]
        ]
        if found != expected_of(person_of[answer["asked"]]):
            raise WrongAnswerError(f"{len(found)} dossiers")
        total += len(body)
    return total / CHECKED
