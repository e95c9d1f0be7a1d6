"""Reads requests and answers for what they say about a client's habits, whichever method they belong to."""

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any, Final

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from kruispunt_server.rehearsal.heard import Digest, Said

_ATTEMPT: Final = ("request_id", "validate_only")
_PAGE: Final = ("page_token", "page_size")


class Digests:
    """Makes digests that only this process can make."""

    def __init__(self) -> None:
        self._key = os.urandom(16)

    def of(self, said: str | bytes) -> Digest:
        """Return the digest of what was said; empty for nothing."""
        if not said:
            return b""
        raw = said.encode() if isinstance(said, str) else said
        return hashlib.blake2b(raw, key=self._key, digest_size=12).digest()


class Reader:
    """Reads the messages of one method.

    Args:
        method: of the contract.
        digests: makes what is kept of them.
    """

    def __init__(self, method: MethodDescriptor, digests: Digests) -> None:
        self._request: Callable[[bytes], Any] = GetMessageClass(method.input_type).FromString
        self._answer: Callable[[bytes], Any] = GetMessageClass(method.output_type).FromString
        self._of = digests.of
        self._fields = frozenset(method.input_type.fields_by_name)
        self._pages = "page_token" in self._fields
        self._repeatable = "request_id" in self._fields

    def said(self, received: bytes) -> Said:
        """Return what a request says; nothing if it is none."""
        request = _parsed(self._request, received)
        if request is None:
            return Said()
        return Said(
            whole=self._of(received),
            work=self._without(request, _ATTEMPT),
            query=self._without(request, _PAGE) if self._pages else b"",
            request_id=self._of(request.request_id) if self._repeatable else None,
            page_token=self._of(request.page_token) if self._pages else b"",
            numbers=frozenset(map(self._of, _numbers(request))),
            start=(request.start.WhichOneof("start") or "") if "start" in self._fields else "",
            up_to_no=request.up_to_no if "up_to_no" in self._fields and not request.validate_only else 0,
        )

    def answered(self, reply: bytes) -> tuple[frozenset[Digest], Digest]:
        """Return of an answer the numbers that were replaced, and the token of the next page."""
        answer = _parsed(self._answer, reply)
        if answer is None:
            return frozenset(), b""
        replaced = frozenset(map(self._of, _replaced(answer)))
        return replaced, self._of(getattr(answer, "next_page_token", ""))

    def told(self, message: bytes) -> tuple[int, int] | None:
        """Return the numbers of the first and last notice in a message of a watch; none if it tells none."""
        answer = _parsed(self._answer, message)
        notices = getattr(getattr(answer, "notices", None), "notices", ())
        return (notices[0].notice_no, notices[-1].notice_no) if notices else None

    def _without(self, request: Message, names: tuple[str, ...]) -> Digest:
        copy = type(request)()
        copy.CopyFrom(request)
        for name in self._fields.intersection(names):
            copy.ClearField(name)
        return self._of(copy.DESCRIPTOR.full_name.encode() + copy.SerializeToString(deterministic=True))


def _parsed(parse: Callable[[bytes], Any], raw: bytes) -> Any:
    try:
        return parse(raw)
    except DecodeError:
        return None


def _messages(message: Message) -> Iterator[Message]:
    """Yield a message and every one in it; no map of the contract holds messages."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for each in value if field.is_repeated else (value,):
            yield from _messages(each)


def _numbers(request: Message) -> Iterator[str]:
    """Yield the numbers of persons that a request names: fields called `ssin`, `…_ssin` or `ssins`."""
    for message in _messages(request):
        for field, value in message.ListFields():
            if field.name == "ssin" or field.name.endswith("_ssin"):
                yield value
            elif field.name == "ssins":
                yield from value


def _replaced(answer: Message) -> Iterator[str]:
    """Yield the numbers of which an answer says that another one stands."""
    for message in _messages(answer):
        asked = getattr(message, "asked_ssin", "")
        if asked and getattr(message, "current_ssin", asked) not in ("", asked):
            yield asked
