"""The feed of identity, read through the public client, as the directory understands it."""

import contextlib
import uuid
from collections.abc import Generator, Iterator

from kruispunt import IdentityClient
from kruispunt.errors import PositionBeyondEnd, PositionForeign, PositionInvalid, PositionTooOld
from kruispunt.feeds import SNAPSHOT, FeedStart
from kruispunt.feeds import RegisterChange as ChangeThere
from kruispunt.feeds import Told as ToldThere
from kruispunt.persons import NumberStatus, Register
from kruispunt_directory.domain.told import (
    ChangeKind,
    PositionRefusedError,
    RegisterChange,
    RegisterCommit,
    RegisteredNumber,
    SignOfLife,
    SnapshotPart,
    Told,
)
from kruispunt_server.call import InstitutionKey

_HEARTBEAT_S = 1


class IdentityFeed:
    """Messages of identity, in order.

    Args:
        client: of identity, as the participant that the directory is there; its purpose says why it follows.
    """

    def __init__(self, client: IdentityClient) -> None:
        self._client = client

    @contextlib.contextmanager
    def after(self, resume_token: str | None) -> Generator[Iterator[Told]]:
        """Open the feed after a message; none: with a snapshot.

        The messages end with an error as soon as identity cannot be reached.

        Raises:
            PositionRefusedError: of the messages, identity does not go on after that one.
            KruispuntError: of the messages, whatever else identity refuses, or that it cannot be reached.
        """
        start = SNAPSHOT if resume_token is None else FeedStart.after(resume_token)
        yield self._read(start)

    def close(self) -> None:
        """Close the connection; messages that are waited for end with an error."""
        self._client.close()

    def _read(self, start: FeedStart) -> Iterator[Told]:
        watch = self._client.watch_changes(start, heartbeat_s=_HEARTBEAT_S, heartbeats=True, give_up_s=0)
        try:
            yield from map(_told, watch)
        except (PositionTooOld, PositionBeyondEnd, PositionForeign, PositionInvalid) as refusal:
            raise PositionRefusedError(refusal.reason) from refusal


def _told(there: ToldThere) -> Told:
    if there.told_until is not None:
        return Told(there.resume_token, there.position, SignOfLife(there.told_until))
    if there.record_time is not None:
        changes = [_change(each) for each in there.changes]
        return Told(
            there.resume_token, there.position, RegisterCommit(there.position, there.record_time, changes)
        )
    numbers = [
        RegisteredNumber(
            each.ssin,
            each.next_,
            each.replace_date,
            each.status is NumberStatus.CANCELLED,
            _register(each.register),
            each.deceased,
        )
        for each in there.numbers
    ]
    return Told(there.resume_token, there.position, SnapshotPart(numbers, there.snapshot_ends))


def _change(there: ChangeThere) -> RegisterChange:
    source = there.source
    return RegisterChange(
        kind=ChangeKind(there.kind.value),
        ssin=there.ssin,
        other=there.other,
        change_id=uuid.UUID(there.change_id),
        groups=frozenset(group.value for group in there.data_groups),
        affects_from=there.affects_from,
        affects_until=there.affects_until,
        source=None if source is None else InstitutionKey(source.sector, source.institution),
        effective_on=there.effective_date,
        register=_register(there.register),
        deceased=there.deceased,
    )


def _register(there: Register) -> int | None:
    return there.value or None
