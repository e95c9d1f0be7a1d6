# Written by `make generate` from kruispunt/_async; edit it there.
"""Much that comes one after the other."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import TypeVar

from kruispunt._sync.conversation import Patience
from kruispunt._sync.driver import Answers, Source, Stream, each_in
from kruispunt.errors import KruispuntError

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


def resumed(
    open_stream: Callable[[], Stream[A]], patience: Patience, told: Callable[[A], None]
) -> Generator[A, None, None]:
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
            while (message := patience.next(answers)) is not None:
                patience.answered()
                yield message
                told(message)
        except KruispuntError as error:
            patience.go_on(error, generation, answered)
        else:
            return
        finally:
            answers.cancel()
