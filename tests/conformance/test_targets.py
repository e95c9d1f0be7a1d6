"""One suite on the stub, on a server on SQLite and on a server on PostgreSQL: so the stub cannot lie."""

from kruispunt.conformance import Cast, all_facts, run
from kruispunt.conformance.facts import AREAS


def test_every_fact_holds(cast: Cast) -> None:
    """Every fact of the contract holds, whichever registry it is."""
    outcomes = list(run(cast, timeout_s=20))

    assert [] == [(each.fact.name, each.why) for each in outcomes if not each.held]
    assert len(all_facts()) == len(outcomes)


def test_every_area_has_facts_and_every_fact_a_sentence() -> None:
    """No area is empty, names are unique, and each fact says in a sentence what holds."""
    facts = all_facts()

    assert set(AREAS) == {each.area for each in facts}
    assert len(facts) == len({each.name for each in facts})
    assert [] == [each.name for each in facts if not each.sentence.endswith(".") or "\n" in each.sentence]
