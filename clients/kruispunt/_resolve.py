"""Very many numbers over one stream: which messages go out, and which answer fits which."""

import itertools
from collections.abc import Iterable, Iterator

from kruispunt.directory.v1 import directory_service_pb2 as directory

Request = directory.ResolveDossiersRequest
Response = directory.ResolveDossiersResponse


def chunks(numbers: Iterable[str], size: int) -> Iterator[Request]:
    """Yield messages of `size` numbers each, numbered from 0 on."""
    rest = iter(numbers)
    for chunk in itertools.count():
        ssins = [str(number) for number in itertools.islice(rest, size)]
        if not ssins:
            return
        yield Request(chunk=chunk, ssins=ssins)


def fits(asked: Request, response: Response) -> bool:
    """Whether an answer has the chunk's number and a person for each of its numbers."""
    return response.chunk == asked.chunk and len(response.persons) == len(asked.ssins)
