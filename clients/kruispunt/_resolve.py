"""Very many numbers over one stream: which answer fits which question."""

from typing import Final

from kruispunt.directory.v1 import directory_service_pb2 as directory

Request = directory.ResolveDossiersRequest
Response = directory.ResolveDossiersResponse


MOST_CHARACTERS: Final = (
    100  # of what is asked for; a number has 11, and the registry says what is wrong with others
)


def sendable(number: object) -> str:
    """Return the text that is asked for, if a message of many can hold it: one that cannot would keep all from going.

    Raises:
        ValueError: it is far too long for a number, or no Unicode text.
    """
    text = str(number)
    if len(text) > MOST_CHARACTERS:
        raise ValueError("that is far too long for a number")
    text.encode()  # half of a surrogate pair is no text
    return text


def fits(asked: Request, response: Response) -> bool:
    """Whether an answer has the chunk's number and a person for each of its numbers."""
    return response.chunk == asked.chunk and len(response.persons) == len(asked.ssins)
