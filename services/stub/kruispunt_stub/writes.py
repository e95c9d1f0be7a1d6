"""Mutations that take effect once, however often they are sent; their answers are kept in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kruispunt_server.call import Call
from kruispunt_server.write_keys import WriteKey, refuse_late, refuse_reused
from kruispunt_stub.memory import Memory, Transaction

Work = Callable[[Transaction], bytes]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What came of a mutation."""

    method: str
    digest: bytes
    response: bytes = field(repr=False)


class _Undone(Exception):  # noqa: N818 - not an error
    """Carries the answer of a rehearsal out of the transaction that it undoes."""

    def __init__(self, response: bytes) -> None:
        super().__init__()
        self.response = response


class MemoryWrites:
    """Runs mutations, as `kruispunt_server.writes.Writes` does on a database."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._kept = memory.table()

    def run(self, call: Call, key: WriteKey, work: Work) -> bytes:
        """Run `work` in one transaction, unless the same request was answered before; a rehearsal is undone.

        Raises:
            RegistryError: the key was used for another request, INVALID_ARGUMENT / REQUEST_ID_REUSED; the caller
                gave up, DEADLINE_EXCEEDED / DEADLINE_OVER, and nothing changed.
            Exception: whatever `work` raises; nothing changed.
        """
        try:
            with self._memory.writing() as transaction:
                return self._answer(transaction, call, key, work)
        except _Undone as undone:
            return undone.response

    def _answer(self, transaction: Transaction, call: Call, key: WriteKey, work: Work) -> bytes:
        name = call.participant.participant_id, key.request_id
        kept: _Kept | None = self._kept.get(name)
        if kept is not None:
            refuse_reused(kept, call, key)
            if not key.validate_only:
                return kept.response
        response = work(transaction)
        refuse_late(call)
        if key.validate_only:
            raise _Undone(response)
        self._kept[name] = _Kept(call.method, key.digest, response)
        return response
