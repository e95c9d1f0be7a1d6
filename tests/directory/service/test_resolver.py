"""Look-ups that travel together against a real server: answers, and a record for each of them."""

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from tests.directory.service.conftest import ANNA, BEA, PENSIONS, PURPOSE, WELFARE, Directory

from kruispunt import AsyncDirectoryClient, Dossier, NumberMalformed, Period, PersonStatus

NOBODY = "17073003384"
NEW_YEAR = Period(dt.date(2026, 1, 1))


def test_each_look_up_is_answered_and_recorded_as_if_made_alone(directory: Directory) -> None:
    """One record each, with the end user and case of its purpose; like those of the plain stream, line by line."""
    directory.client(WELFARE).register_dossier(ANNA, capacity=2, phase=10, period=NEW_YEAR)
    pensions = directory.client(PENSIONS)
    numbers = [str(ANNA), str(BEA), NOBODY] * 5
    before = len(directory.accesses())

    with pensions.resolver() as resolver, ThreadPoolExecutor(15) as threads:
        answers = list(threads.map(resolver.look_up, numbers))
    of_resolver = directory.accesses()[before:]
    plain = list(pensions.resolve_dossiers(numbers))
    of_stream = directory.accesses()[before + len(of_resolver) :]

    assert plain == answers
    assert 15 == len(of_resolver)
    assert sorted(of_stream) == sorted(of_resolver)
    assert [1, 0, 0] * 5 == [len(each.dossiers) for each in answers]


def test_tasks_are_answered_by_a_real_server(directory: Directory) -> None:
    """Over mutual TLS; a number that is none is refused to its task only."""
    directory.client(WELFARE).register_dossier(ANNA, capacity=2, phase=10, period=NEW_YEAR)

    async def play() -> list[object]:
        async with (
            AsyncDirectoryClient(
                directory.endpoint, certificates=directory.certificates(PENSIONS), purpose=PURPOSE
            ) as client,
            client.resolver() as resolver,
        ):
            asked = [resolver.look_up(number) for number in (ANNA, NOBODY, "12")]
            found: list[object] = list(await asyncio.gather(*asked, return_exceptions=True))
            listed: list[Dossier] = [each async for each in client.list_dossiers(ANNA)]
            return [*found, listed]

    found, nobody, malformed, listed = asyncio.run(play())

    assert listed == list(found.dossiers)  # type: ignore[attr-defined]
    assert PersonStatus.NO_DOSSIER is nobody.status  # type: ignore[attr-defined]
    assert isinstance(malformed, NumberMalformed)
