# ruff: noqa: T201, INP001 - a program that prints, beside the packages
"""What a program of many tasks looks like: look-ups that travel together, a purpose per request, notices as they come.

Checked by mypy and pyright and run by the tests. To try it on a registry of one's own: `make run`, then, in another
terminal,

    KRUISPUNT_PROFILES=.run/profiles.toml .venv/bin/python examples/typed_tasks.py 75060898009 85073003328
"""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import aclosing

from kruispunt import (
    AsyncDirectoryClient,
    AsyncResolver,
    InstitutionRef,
    KruispuntError,
    NumberMalformed,
    PersonDossiers,
    ProfileError,
    Purpose,
    Route,
)
from kruispunt.feeds import AsyncPositions
from kruispunt.notices import Notice


async def holders(resolver: AsyncResolver, number: str) -> set[InstitutionRef] | None:
    """Return who holds a dossier on a person; none if the number is no number.

    As a web service would call it, once for each of its requests: those at the same time travel together.
    """
    try:
        answer: PersonDossiers = await resolver.look_up(number, timeout_s=2.0)
    except NumberMalformed as error:
        print("not a number:", error.metadata.get("fault", ""))
        return None
    return {dossier.institution for dossier in answer.dossiers}


async def holders_of_all(resolver: AsyncResolver, numbers: Iterable[str]) -> list[set[InstitutionRef] | None]:
    """Ask for many at once; each has its own answer, error and deadline."""
    return list(await asyncio.gather(*(holders(resolver, number) for number in numbers)))


async def pension_route(directory: AsyncDirectoryClient, number: str, clerk: str, case: str) -> Route:
    """Ask by which route pension rights may be got, for the clerk and case of this request."""
    return await directory.on_behalf(end_user=clerk, case=case).get_route(number, "PENSION-RIGHTS")


async def deal_with_notices(
    directory: AsyncDirectoryClient, positions: AsyncPositions, until_no: int
) -> list[Notice]:
    """Read notices up to a number, and acknowledge them; a program of its own would go on for ever."""
    read: list[Notice] = []
    async with aclosing(directory.watch_notices(positions=positions)) as watch:
        async for told in watch:
            read += told.notices
            if told.notices:
                await directory.acknowledge_notices(told.position)
            if told.position >= until_no:
                break
    return read


async def main(numbers: Sequence[str]) -> int:
    """Play it on some numbers."""
    purpose = Purpose(legal_basis="18/042", end_user="web-service", case="income-support-2026-118")
    try:
        async with (
            AsyncDirectoryClient.from_profile("institution-17-101", purpose=purpose) as directory,
            directory.resolver() as resolver,
        ):
            for number, found in zip(numbers, await holders_of_all(resolver, numbers), strict=True):
                print(number, *sorted(map(str, found or ())))
            route = await pension_route(directory, numbers[0], "clerk-7", "2026-118")
            print(route.verdict.name)
    except ProfileError as error:
        print(error)  # no registry runs here, or none that KRUISPUNT_PROFILES names
        return 1
    except KruispuntError as error:
        print(error.reason or error.status, error.field, error.message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])) if len(sys.argv) > 1 else f"use: {sys.argv[0]} NUMBER …")
