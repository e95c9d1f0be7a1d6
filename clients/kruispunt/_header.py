"""What every change says before what it is about."""

import uuid
from typing import TypedDict


class Header(TypedDict):
    """The fields that every change has."""

    request_id: str
    validate_only: bool


def header(request_id: uuid.UUID | None, validate_only: bool) -> Header:  # noqa: FBT001 - passed on
    """Return the fields that every change has."""
    return {"request_id": str(request_id or uuid.uuid4()), "validate_only": validate_only}
