"""What a registry does, as a caller sees it: facts, each tried over the wire.

`kruispunt conformance` tries them on any registry that is there to be tried out: on the stub of `kruispunt.testing`, on
a server on SQLite, on one on PostgreSQL. They make the persons that they need, lean on nothing that is there already,
and leave their persons and dossiers behind. What they need besides: the rights of the sandbox and the code tables that
come along (`make run`, `kruispunt stub`), under the names of `Cast`.

    from kruispunt.conformance import Cast, run

    for outcome in run(Cast.from_profiles(path)):
        print(outcome.fact.name, outcome.held, outcome.why)
"""

from kruispunt.conformance.cast import Cast
from kruispunt.conformance.facts import Fact, all_facts
from kruispunt.conformance.running import Outcome, run

__all__ = ["Cast", "Fact", "Outcome", "all_facts", "run"]
