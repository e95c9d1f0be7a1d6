"""Answers on very many persons: dossiers as messages, or column by column."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from kruispunt._messages import person_of
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier, InstitutionRef, NetworkLevel, PersonDossiers, PersonStatus

_OPEN: Final = 2_147_483_647
_FIRST_DAY: Final = dt.date(1970, 1, 1).toordinal()
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def persons_in(answer: pb.ResolveDossiersResponse) -> Iterator[PersonDossiers]:
    """Yield what a message of ResolveDossiers says of each number, whichever way it says it.

    A dossier that came in columns has no message of its own.
    """
    if not answer.HasField("columns"):
        yield from map(person_of, answer.persons)
        return
    of_person = _by_person(answer)
    for place, message in enumerate(answer.persons):
        yield PersonDossiers(
            message.asked_ssin,
            PersonStatus(message.status),
            _current_of(message),
            tuple(of_person.get(place, ())),
            message,
        )


def _current_of(message: pb.PersonDossiers) -> Ssin | None:
    if message.status == pb.PERSON_STATUS_NUMBER_MALFORMED:
        return None
    return Ssin.parse(message.current_ssin or message.asked_ssin)


def _by_person(answer: pb.ResolveDossiersResponse) -> dict[int, list[Dossier]]:
    columns = answer.columns
    current = {place: _current_of(answer.persons[place]) for place in set(columns.person)}
    found: dict[int, list[Dossier]] = defaultdict(list)
    for place, dossier_id, registered, sector, institution, capacity, phase, begin, end, level, *rest in zip(
        columns.person,
        columns.dossier_id,
        columns.registered_ssin,
        columns.sector,
        columns.institution,
        columns.capacity,
        columns.phase,
        columns.begin,
        columns.end,
        columns.network_level,
        columns.source,
        columns.record_time,
        columns.confirm_time,
        columns.etag,
        strict=True,
    ):
        source, recorded, confirmed, etag = rest
        ssin = current[place]
        assert ssin is not None, "a malformed number has no dossiers"
        found[place].append(
            Dossier(
                str(uuid.UUID(bytes=dossier_id)),
                ssin,
                Ssin(registered),
                InstitutionRef(sector, institution),
                capacity,
                phase,
                _period(begin, end),
                NetworkLevel(level),
                source,
                _EPOCH + dt.timedelta(microseconds=recorded),
                _EPOCH + dt.timedelta(microseconds=confirmed),
                etag,
            )
        )
    return found


@lru_cache(maxsize=16_384)
def _period(begin: int, end: int) -> Period:
    first = dt.date.fromordinal(begin + _FIRST_DAY)
    return Period(first, None if end == _OPEN else dt.date.fromordinal(end + _FIRST_DAY))
