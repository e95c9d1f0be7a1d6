"""What a primary has not had confirmed by its synchronous standby is seen by nobody, and so acknowledged to nobody."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.server.processes import wait_until
from tests.support.standby import Node, primary_with

from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

pytestmark = pytest.mark.xdist_group("standbys")


@pytest.fixture
def waiting() -> Iterator[Node]:
    """A primary that waits for a standby that there is not."""
    with primary_with() as (one,):
        one.execute("CREATE TABLE written (number bigint PRIMARY KEY)")
        one.execute("ALTER SYSTEM SET synchronous_standby_names = 'two'")
        one.execute("SELECT pg_reload_conf()")
        yield one


def test_a_commit_that_waits_for_its_standby_is_not_seen(waiting: Node) -> None:
    """Patience ends, and the commit waits on: cancelled, it would stand on the primary alone, for all to see."""
    database = Database.open(waiting.url_of("postgres"), statement_timeout_s=0.2)
    with pytest.raises(RegistryError) as caught, database.writing() as connection:
        connection.execute(sa.text("INSERT INTO written VALUES (1)"))
    database.close()

    assert Reason.STORE_UNAVAILABLE == caught.value.reason
    assert [(0,)] == waiting.execute("SELECT count(*) FROM written")

    waiting.execute("ALTER SYSTEM RESET synchronous_standby_names")
    waiting.execute("SELECT pg_reload_conf()")
    wait_until(lambda: waiting.execute("SELECT count(*) FROM written") == [(1,)], "it is confirmed")
