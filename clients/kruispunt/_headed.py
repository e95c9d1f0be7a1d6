"""What is said once on each stream goes with its first message."""

from typing import Generic, TypeVar

from google.protobuf.message import Message

Q = TypeVar("Q", bound=Message)


class Headed(Generic[Q]):
    """Messages of one stream, of which the first takes the header along.

    Args:
        header: of the type of the messages; none: there is nothing to say.
    """

    def __init__(self, header: Q | None = None) -> None:
        self._header = header

    def _with_header(self, message: Q) -> Q:
        """Return a message as it goes out."""
        header, self._header = self._header, None
        if header is None:
            return message
        first = type(message)()
        first.CopyFrom(header)
        first.MergeFrom(message)
        return first
