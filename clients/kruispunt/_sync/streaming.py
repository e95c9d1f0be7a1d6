# Written by `make generate` from kruispunt/_async; edit it there.
"""Much that comes one after the other."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import TypeVar

from kruispunt._sync.driver import Source, each_in

T = TypeVar("T")
A = TypeVar("A")


def batches(source: Source[T], size: int) -> Generator[list[T], None, None]:
    """Yield what a source has, `size` at a time."""
    batch: list[T] = []
    for each in each_in(source):
        batch.append(each)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def parts(messages: Generator[A, None, None], read: Callable[[A], Iterable[T]]) -> Generator[T, None, None]:
    """Yield what is read of each message; who ends it ends the messages."""
    with closing(messages):
        for message in messages:
            for each in read(message):
                yield each
