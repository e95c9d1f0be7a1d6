"""What is kept of a call: facts by which a client's habits show, and nothing that names a person.

Whatever could name somebody is a keyed digest; the key is made anew when the server starts, and leaves no trace.
"""

import datetime as dt
from dataclasses import dataclass

Digest = bytes
"""Of something that a caller said; empty: it said nothing."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a request said.

    Attributes:
        whole: digest of all of it.
        work: of all but `request_id` and `validate_only`: the same for two attempts at one thing.
        query: of all but the page token and page size; empty: the method gives no pages.
        request_id: none: the method takes none.
        page_token: empty: from the beginning.
        numbers: numbers of persons.
        start: where a watch begins, the name of a field of FeedStart; empty: it is no watch.
        up_to_no: up to which notice was acknowledged; 0: it acknowledges nothing.
    """

    whole: Digest = b""
    work: Digest = b""
    query: Digest = b""
    request_id: Digest | None = None
    page_token: Digest = b""
    numbers: frozenset[Digest] = frozenset()
    start: str = ""
    up_to_no: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """How a call ended.

    Attributes:
        status: name of the gRPC status.
        reason: of the refusal; empty: none.
        retry_after_s: as RetryInfo said; none: it said nothing.
        replaced: numbers of which was said that others replaced them.
        next_page: token of the next page; empty: there is none.
    """

    status: str = "OK"
    reason: str = ""
    retry_after_s: float | None = None
    replaced: frozenset[Digest] = frozenset()
    next_page: Digest = b""


@dataclass(frozen=True, slots=True)
class Heard:
    """One call.

    Attributes:
        method: such as "DirectoryService/ListDossiers".
        came_at: when it came in, UTC.
        ended_at: when it was answered; of a watch, when it was opened.
        streams: whether anything of it is a stream.
        connection: over which it came.
        states_deadline: whether the caller said how long it waits.
        purpose: end user and case; empty: none, or not needed.
        said: what was asked.
        answered: what came of it.
    """

    method: str
    came_at: dt.datetime
    ended_at: dt.datetime
    streams: bool
    connection: Digest
    states_deadline: bool
    purpose: Digest
    said: Said
    answered: Answered


@dataclass(frozen=True, slots=True)
class Told:
    """Notices that went out on a watch, by their numbers."""

    at: dt.datetime
    first_no: int
    last_no: int
