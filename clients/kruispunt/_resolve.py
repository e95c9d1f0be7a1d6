"""Very many numbers over one stream: which answer fits which question."""

from kruispunt.directory.v1 import directory_service_pb2 as directory

Request = directory.ResolveDossiersRequest
Response = directory.ResolveDossiersResponse


def fits(asked: Request, response: Response) -> bool:
    """Whether an answer has the chunk's number and a person for each of its numbers."""
    return response.chunk == asked.chunk and len(response.persons) == len(asked.ssins)
