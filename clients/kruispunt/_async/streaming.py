"""Much that comes one after the other."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import TypeVar

from kruispunt._async.conversation import Patience
from kruispunt._async.driver import Answers, Source, Stream, each_in
from kruispunt.errors import KruispuntError

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


async def resumed(
    open_stream: Callable[[], Stream[A]], patience: Patience, told: Callable[[A], None]
) -> AsyncGenerator[A, None]:
    """Yield the messages of a stream to its end; one that breaks is opened again.

    Args:
        open_stream: opens it, after what `told` was given.
        patience: how long, how often.
        told: gets every message that was taken.

    Raises:
        KruispuntError: refused, or no server answered in several attempts.
    """
    while True:
        generation, answered = patience.line.generation, patience.answers
        answers = Answers(open_stream())
        try:
            while (message := await patience.next(answers)) is not None:
                patience.answered()
                yield message
                told(message)
        except KruispuntError as error:
            await patience.go_on(error, generation, answered)
        else:
            return
        finally:
            answers.cancel()
