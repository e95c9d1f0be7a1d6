"""Whatever is replaced and split in whatever order, every number leads where a list of pointers says it does."""

import datetime as dt
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.lineage import numbers_below
from kruispunt_identity.domain.number import ChangeReason, Outcome, Register
from kruispunt_identity.store.number_changes import NumberChanges
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database

T0 = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
COUNT = 6
fresh = count(1)

# Replace the first by the second, or split the first off.
commands = st.lists(
    st.tuples(st.sampled_from(["replace", "split"]), st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)),
    max_size=15,
)


def root_of(pointers: list[int | None], place: int) -> int:
    """Return where a number leads, by following the list."""
    while (following := pointers[place]) is not None:
        place = following
    return place


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands)
def test_every_number_leads_where_the_model_says(
    identity_database: Database, identity_tables: IdentityTables, orders: list[tuple[str, int, int]]
) -> None:
    """Today and as of every instant, numbers lead and lineages hold what the model remembers of that instant."""
    store = NumberStore(identity_database, identity_tables)
    changes = NumberChanges(identity_database, identity_tables)
    ssins = [
        Ssin.assemble(*divmod(854_701_000 + next(fresh), 1000), born_from_2000=False) for _ in range(COUNT)
    ]
    pointers: list[int | None] = [None] * COUNT
    with identity_database.writing() as transaction:
        store.insert_many(transaction, [(ssin, Register.BIS) for ssin in ssins], T0)
    remembered = [list(pointers)]
    for kind, one, other in orders:
        now = T0 + len(remembered) * HOUR
        with identity_database.writing() as transaction:
            found = store.find_many(transaction, ssins)
            if kind == "replace" and pointers[one] is pointers[other] is None and one != other:
                former, next_ = found[ssins[one]], found[ssins[other]]
                changes.replace(transaction, former, next_, ChangeReason.DUPLICATE, now.date(), now)
                pointers[one] = other
            elif kind == "split" and pointers[one] is not None:
                root = found[found[ssins[one]].root]
                below = numbers_below(store.lineage(transaction, root.ssin), ssins[one])
                changes.split(transaction, found[ssins[one]], root, below, now.date(), now)
                pointers[one] = None
        remembered.append(list(pointers))

    instants = [T0 + hour * HOUR for hour in range(len(remembered))]
    for known_at, was in [*zip(instants, remembered, strict=True), (None, pointers)]:
        with identity_database.snapshot() as connection:
            resolved = store.resolve_many(connection, ssins, known_at)
            standing = [place for place in range(COUNT) if was[place] is None]
            lineages = store.lineages(connection, [ssins[place] for place in standing], known_at)
        assert [ssins[root_of(was, place)] for place in range(COUNT)] == [
            resolved[ssin].current for ssin in ssins
        ]
        assert [Outcome.CURRENT if each is None else Outcome.REPLACED for each in was] == [
            resolved[ssin].outcome for ssin in ssins
        ]
        for place in standing:
            expected = {ssins[each] for each in range(COUNT) if root_of(was, each) == place}
            assert expected == set(lineages[ssins[place]].numbers)
