# Written by `make generate` from kruispunt/_async; edit it there.
"""The resolver: look-ups from many threads travel together over one stream."""

import contextlib
import random
import time
from collections.abc import Callable
from copy import copy

import grpc

from kruispunt._line import PASSING, RENEWABLE, Line
from kruispunt._messages import looked_up_of
from kruispunt._resolve import Request, Response, sendable
from kruispunt._sync.closable import Closable
from kruispunt._sync.driver import Answers, Bell, Requests, Room, Slot, Stream, Worker, sleep
from kruispunt._travelling import Lookup, Travelling
from kruispunt.directory.v1 import directory_service_pb2 as directory
from kruispunt.errors import DeadlineExceeded, KruispuntError, Unavailable
from kruispunt.ssin import Ssin
from kruispunt.values import PersonDossiers

_LINGER_S = 0.05  # for which a stream without look-ups is kept: it holds a thread of the server
_STRETCH_S = 10.0  # after which another is opened, with what the caller has to show by then
_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


class Resolver(Closable):
    """Answers single look-ups, of which many travel together; made by `DirectoryClient.resolver`.

    To be shared between threads: each asks for one person, and has its own answer, error and deadline. All are made
    under the purpose and criteria of this resolver, and each is recorded by itself, as if it had been made alone.
    There is a stream as long as there are look-ups; one that breaks is opened again, and what it left unanswered is
    asked again. Its calls belong to no trace.

        with directory.resolver() as resolver:
            held = resolver.look_up(person)  # here, and in as many others as there are
            print(held.status.name, len(held.dossiers))

    Args:
        opener: opens a stream over requests.
        line: says whether anybody ever spoke at the other end.
        header: goes with the first message on every stream.
        timeout_s: for each look-up that has no time of its own.
        most_waiting: look-ups at once; further ones wait for room, within their time.
    """

    def __init__(
        self,
        opener: Callable[[Requests[Request]], Stream[Response]],
        line: Line,
        header: Request,
        *,
        timeout_s: float,
        most_waiting: int,
    ) -> None:
        self._opener = opener
        self._line = line
        self._header = header
        self._timeout_s = timeout_s
        self._room = Room(most_waiting)
        self._travelling = Travelling()
        self._bell = Bell()
        self._worker = Worker()
        self._fruitful = False  # whether anything came on the stream of now

    def look_up(self, person: Ssin | str, *, timeout_s: float | None = None) -> PersonDossiers:
        """Return the dossiers held on one person, open on the day of this resolver.

        Args:
            person: number of the person; a former one is followed, and `current` says where to.
            timeout_s: for this look-up instead of the client's, waiting for room included.

        Returns:
            The answer, with 0 or more dossiers. None to be shown is no error: the status is NO_DOSSIER then.

        Raises:
            NumberMalformed: the number is none; `metadata["fault"]` says why.
            NumberCancelled: it leads to no active one.
            DeadlineExceeded: no answer, or no room, in time; or what kept the registry from answering.
            KruispuntError: the stream was refused while this look-up was under way.
            ValueError: the resolver or its client is closed; or no message can hold what is asked for.
        """
        deadline = time.monotonic() + (self._timeout_s if timeout_s is None else timeout_s)
        slot: Slot[directory.PersonDossiers] = Slot()
        lookup = Lookup(sendable(person), slot, deadline)
        try:
            self._room.enter(deadline - time.monotonic())
            try:
                if self._travelling.ask(lookup):
                    self._worker.start(self._carry)
                self._bell.ring()
                message = slot.get(max(deadline - time.monotonic(), 0.0))
            finally:
                lookup.wanted = False
                self._room.leave()
        except TimeoutError:
            trouble = self._travelling.trouble
            raise (
                copy(trouble) if trouble else self._line.silence(DeadlineExceeded, "no answer came in time")
            ) from None
        return looked_up_of(message)

    def close(self) -> None:
        """Take no more look-ups, and wait for those under way; each has its deadline."""
        self._travelling.close()
        self._bell.ring()
        self._worker.join()

    def _carry(self) -> None:
        """Carry look-ups over one stream after the other, until there are none."""
        fruitless = 0
        try:
            while not self._travelling.rest():
                generation, self._fruitful = self._line.generation, False
                try:
                    self._stretch()
                except PASSING as error:
                    self._travelling.meet(error)
                    fruitless = 0 if self._fruitful else fruitless + 1
                    sleep(_pause_s(error, fruitless))
                except KruispuntError as error:
                    again = isinstance(error, RENEWABLE) and self._line.goes_on(
                        error, generation, fruitful=self._fruitful
                    )
                    if not again:
                        _fail(self._travelling.refused(), error)
                finally:
                    self._travelling.broken()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            _fail(self._travelling.give_up(), error)
        except BaseException:
            _fail(self._travelling.give_up(), Unavailable("this program ends"))
            raise

    def _stretch(self) -> None:
        """Use one stream for as long as there are look-ups, at most for a stretch."""
        sending = Requests(self._header)
        answers = Answers(self._opener(sending))
        self._travelling.opened(sending.put)
        until = time.monotonic() + _STRETCH_S
        try:
            while self._is_under_way(until):
                response = self._next(answers)
                if response is None:
                    raise Unavailable("the stream ended before everything was answered")
                self._line.hear()
                self._fruitful = True
                sending.accepted()
                for lookup, message in self._travelling.answered(response):
                    lookup.slot.set(message)
                if time.monotonic() >= until:
                    self._travelling.hold()
            self._travelling.hold()
            sending.end()
            with contextlib.suppress(KruispuntError):
                self._next(answers)
        finally:
            sending.end()
            answers.cancel()

    def _is_under_way(self, until: float) -> bool:
        """Whether an answer is to come; where none is, look-ups are waited for a little."""
        while self._travelling.patience_s() is None:
            if time.monotonic() >= until or not self._bell.wait(_LINGER_S):
                return self._travelling.patience_s() is not None
        return True

    def _next(self, answers: Answers[Response]) -> Response | None:
        """Wait for an answer, for as long as somebody waits for it."""
        patience_s = self._travelling.patience_s()
        try:
            return answers.next(self._timeout_s if patience_s is None else patience_s)
        except TimeoutError as error:
            raise self._line.silence(DeadlineExceeded, "no answer came in time") from error
        except grpc.RpcError as error:
            raise self._line.failure(error) from error


def _pause_s(error: KruispuntError, fruitless: int) -> float:
    longest_s = min(_PAUSE_S * 2.0 ** min(fruitless, 10), _LONGEST_PAUSE_S)
    return max(random.uniform(0.5, 1.0) * longest_s, error.retry_after_s or 0.0)  # noqa: S311 - jitter


def _fail(lookups: list[Lookup], error: Exception) -> None:
    for lookup in lookups:
        lookup.slot.fail(copy(error))
