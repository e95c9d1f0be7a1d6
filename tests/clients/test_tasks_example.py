"""The example that writers of asyncio programs start from."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.clients.conftest import PURPOSE
from tests.clients.registry_stand_in import ANNA, BRAM, Script, answer_chunk, route
from tests.support.examples import FOLDER, example_named

from kruispunt import AsyncDirectoryClient, InstitutionRef
from kruispunt.directory.v1 import notice_service_pb2 as pb
from kruispunt.feeds import AsyncFilePositions

FILE = FOLDER / "typed_tasks.py"


@pytest.fixture
def example() -> ModuleType:
    return example_named("typed_tasks")


def told(*numbers: int) -> pb.WatchNoticesResponse:
    """Return one commit's notices."""
    now = Timestamp(seconds=1_770_000_000)
    notices = [
        pb.Notice(
            notice_no=number,
            notice_id=f"n-{number}",
            kind=pb.NOTICE_KIND_DECEASED,
            ssin=ANNA,
            current_ssin=ANNA,
            changed_at=now,
            recorded_at=now,
        )
        for number in numbers
    ]
    batch = pb.WatchNoticesResponse(resume_token=f"after-{numbers[-1]}", position=numbers[-1])
    batch.notices.notices.extend(notices)
    return batch


def test_example_runs(example: ModuleType, endpoint: str, script: Script, tmp_path: Path) -> None:
    """Each function does what it says."""

    def watch(_request: pb.WatchNoticesRequest, _context: Any) -> Iterator[Any]:
        yield told(1, 2)
        yield told(3)

    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))
    script.on("GetRoute", route(allowed=True))
    script.on("WatchNotices", watch)
    script.on("AcknowledgeNotices", pb.AcknowledgeNoticesResponse(acknowledged_no=3, last_no=3))
    positions = AsyncFilePositions(tmp_path / "position")

    async def play() -> None:
        async with (
            AsyncDirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as directory,
            directory.resolver() as resolver,
        ):
            found = await example.holders_of_all(resolver, [ANNA, "12", BRAM])
            assert [{InstitutionRef(17, 1)}, None, {InstitutionRef(17, 1)}] == found
            assert (await example.pension_route(directory, ANNA, "clerk-9", "file-9")).allowed
            notices = await example.deal_with_notices(directory, positions, until_no=3)
            assert [1, 2, 3] == [each.notice_no for each in notices]

    asyncio.run(play())

    (asked,) = script.calls("GetRoute")
    assert ("clerk-9", "file-9") == (asked.metadata["kruispunt-end-user"], asked.metadata["kruispunt-case"])
    assert [2, 3] == [each.request.up_to_no for each in script.calls("AcknowledgeNotices")]
    # The last item is kept when the next is asked for.
    assert "after-2" == asyncio.run(positions.load())


def test_example_says_what_it_takes() -> None:
    """Without a number it ends with a sentence."""
    ended = subprocess.run([sys.executable, str(FILE)], capture_output=True, text=True, check=False)

    assert 1 == ended.returncode
    assert ended.stderr.startswith("use: ")
