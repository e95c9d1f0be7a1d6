"""Much that comes one after the other."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import TypeVar

from kruispunt._async.driver import Source, each_in

T = TypeVar("T")
A = TypeVar("A")


async def batches(source: Source[T], size: int) -> AsyncGenerator[list[T], None]:
    """Yield what a source has, `size` at a time."""
    batch: list[T] = []
    async for each in each_in(source):
        batch.append(each)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def parts(
    messages: AsyncGenerator[A, None], read: Callable[[A], Iterable[T]]
) -> AsyncGenerator[T, None]:
    """Yield what is read of each message; who ends it ends the messages."""
    async with aclosing(messages):
        async for message in messages:
            for each in read(message):
                yield each
