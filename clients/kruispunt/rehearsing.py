"""What a sandbox says of an institution's client: which habits it should leave, and why.

`kruispunt rehearse` prints it; a test of one's own may ask it too:

    with kruispunt.RehearsalClient.from_profile("sandbox") as sandbox:
        assert not sandbox.get_rehearsal().findings

Only registries whose operator switched `rehearsal` on answer; others raise `MethodUnknown`.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


class Fault(enum.Enum):
    """What a client does wrong; the values are those of the contract."""

    UNSPECIFIED = 0
    NO_DEADLINE = 1
    NO_PURPOSE = 2
    SAME_PURPOSE = 3
    NO_REQUEST_ID = 4
    REQUEST_ID_REUSED = 5
    REQUEST_ID_NOT_KEPT = 6
    REPLACED_NUMBER_USED = 7
    PAGES_FROM_START = 8
    RETRY_TOO_EARLY = 9
    RETRY_WITHOUT_HOPE = 10
    CONNECTION_PER_CALL = 11
    WATCH_NOT_RESUMED = 12
    ACKNOWLEDGES_LATE = 13


@dataclass(frozen=True, slots=True)
class Advice:
    """About one fault: what was seen, why it matters, what to do, and the heading of the integration guide about it."""

    seen: str
    why: str
    do: str
    guide: str


ADVICE: Final[Mapping[Fault, Advice]] = {
    Fault.UNSPECIFIED: Advice(
        "something that this version of the client does not know",
        "the registry is newer than the client",
        "install a newer client",
        "in-python",
    ),
    Fault.NO_DEADLINE: Advice(
        "calls that state no deadline",
        "a program that waits for ever holds its threads, and its users, when a network breaks",
        "give every call a deadline, 5 seconds for most",
        "errors-and-repetitions",
    ),
    Fault.NO_PURPOSE: Advice(
        "calls without a well-formed purpose; they were refused",
        "whoever looks at a person says why: legal basis, end user and case",
        "send the three metadata entries, each once",
        "say-why",
    ),
    Fault.SAME_PURPOSE: Advice(
        "the same end user and case for all persons",
        "the access record answers who looked at somebody, and for which file; one name for all answers neither",
        "pass on the end user and file of each question; right only for a batch that has neither",
        "say-why",
    ),
    Fault.NO_REQUEST_ID: Advice(
        "mutations without request_id; they were refused",
        "without it a repetition cannot be told from a second request",
        "make a UUID for each mutation and store it with the case before the call",
        "write-safely",
    ),
    Fault.REQUEST_ID_REUSED: Advice(
        "one request_id for different requests; the second was refused",
        "the registry takes the second for a repetition of the first",
        "make a new UUID for each new thing to do",
        "write-safely",
    ),
    Fault.REQUEST_ID_NOT_KEPT: Advice(
        "a mutation whose outcome was open, sent again under another request_id",
        "the first may have been made: then it is made twice",
        "repeat with the request_id of the first attempt",
        "write-safely",
    ),
    Fault.REPLACED_NUMBER_USED: Advice(
        "numbers used again after the registry had said which one replaced them",
        "your file keeps a number that is nobody's any more, and letters and payments go by it",
        "store `resolution.current_ssin` in place of the number that you asked",
        "numbers-days-periods",
    ),
    Fault.PAGES_FROM_START: Advice(
        "lists begun again from the first page while further pages waited",
        "what stands on later pages is never seen, or everything is read again for each page",
        "go on with `next_page_token` and unchanged criteria until it is empty",
        "lists-and-streams",
    ),
    Fault.RETRY_TOO_EARLY: Advice(
        "calls repeated before the time that RetryInfo had said",
        "a full server stays full, and your quota stays empty",
        "wait for as long as RetryInfo says, then a little more at random",
        "errors-and-repetitions",
    ),
    Fault.RETRY_WITHOUT_HOPE: Advice(
        "calls repeated as they were after a refusal for good",
        "the answer will not change, and each repetition is a look on the record",
        "repeat only UNAVAILABLE, CANCELLED, and what RetryInfo stands beside; show other refusals to a person",
        "errors-and-repetitions",
    ),
    Fault.CONNECTION_PER_CALL: Advice(
        "a new connection for most calls",
        "each costs a handshake of TLS: several times the call itself",
        "make one channel when your program starts, and keep it",
        "connect",
    ),
    Fault.WATCH_NOT_RESUMED: Advice(
        "a watch opened again elsewhere than where it was",
        "what was told in between is missed, or everything is dealt with twice",
        "keep the `resume_token` of the last message that you dealt with, and begin there",
        "feeds",
    ),
    Fault.ACKNOWLEDGES_LATE: Advice(
        "notices not acknowledged within a minute of being told",
        "the registry keeps them for you, and nobody can see whether you deal with them",
        "acknowledge when you have dealt with them; a backlog then shows where it is",
        "notices",
    ),
}
"""What to say of each fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault as it was seen.

    Attributes:
        fault: what.
        method: at which method.
        count: how often.
        first_at: when first; `last_at` when last.
    """

    fault: Fault
    method: str
    count: int
    first_at: dt.datetime
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class SeenCertificate:
    """What the server saw of the caller's certificate; `fingerprint` is the SHA-256 of its DER form, in hexadecimal."""

    uris: tuple[str, ...]
    begin: dt.datetime
    end: dt.datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a server says of the caller.

    Attributes:
        participant: who the caller is to it.
        certificate: none over plaintext.
        now: its clock.
        known_since: from when on it knows every call.
        calls: how many it looked at, by method.
        findings: what was wrong.
        message: the answer as it came over the wire.
    """

    participant: str
    certificate: SeenCertificate | None
    now: dt.datetime
    known_since: dt.datetime
    calls: Mapping[str, int]
    findings: tuple[Finding, ...]
    message: Any = field(default=None, repr=False, compare=False)
