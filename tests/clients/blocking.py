"""A client for tasks, used like one for threads: what the tests say of the one they then say of both."""

import asyncio
import contextvars
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from kruispunt import AsyncListing


class Blocking:
    """Runs what a client for tasks returns, in a loop of its own that turns only then."""

    def __init__(self, client: Any, runner: asyncio.Runner | None = None) -> None:
        self._of_its_own = runner is None
        self._client = client
        self._runner = runner or asyncio.Runner()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return (
            (lambda *args, **named: self._run(found(*args, **named)))
            if callable(found)
            else self._shown(found)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._client.close())
        if self._of_its_own:
            self._runner.close()

    def _run(self, returned: Any) -> Any:
        if inspect.isawaitable(returned):
            return run(self._runner, returned)
        return self._shown(returned)

    def _shown(self, value: Any) -> Any:
        if isinstance(value, AsyncListing):
            return BlockingListing(value, self._runner)
        if isinstance(value, AsyncIterator):
            return each(value, self._runner)
        if hasattr(value, "__aenter__"):
            return Blocking(value, self._runner)
        return value


class BlockingListing:
    """A list of a client for tasks."""

    def __init__(self, listing: AsyncListing[Any], runner: asyncio.Runner) -> None:
        self._listing = listing
        self._runner = runner

    def first(self) -> Any:
        return run(self._runner, self._listing.first())

    def pages(self) -> Iterator[Any]:
        return each(self._listing.pages(), self._runner)

    def __iter__(self) -> Iterator[Any]:
        return each(aiter(self._listing), self._runner)


def each(values: Any, runner: asyncio.Runner) -> Iterator[Any]:
    """Yield what an asynchronous generator yields, and close it with this one."""
    try:
        while True:
            try:
                value = run(runner, anext(values))
            except StopAsyncIteration:
                return
            yield value
    finally:
        run(runner, values.aclose())


def run(runner: asyncio.Runner, awaitable: Any) -> Any:
    """Wait for something, in the context of who waits."""
    return runner.run(_result(awaitable), context=contextvars.copy_context())


async def _result(awaitable: Any) -> Any:
    return await awaitable
