"""How well persons are found: a small gate. The figures at a million: `make bench ONLY=S1 SIZE=full`."""

import pytest
from benchmarks.people.measuring import Report, answers, matcher_of, report
from benchmarks.people.persons import People
from benchmarks.people.searches import ERROR_CLASSES, searches
from benchmarks.people.stores import Register, load

from kruispunt_server.database import Database

PERSONS, REGISTER_SEED, SEARCHES_SEED = 12_000, 41, 43

# Recall at five of 2,400 searches. Below what is reached by the width of one class's chance.
OVERALL = 0.99
CLASS = 0.93
FALSE_STRONG, FALSE_POSSIBLE = 0.02, 0.10
FLAGGED_POSSIBLE, FLAGGED_STRONG = 0.97, 0.93


@pytest.fixture(name="measured", scope="module")
def measured_fixture(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Twelve thousand invented persons on SQLite, searched 3,200 times."""
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('people')}/people.db")
    people = People(PERSONS, REGISTER_SEED)
    register = Register(database, load(database, people), people)
    made = answers(register, searches(people, 2_400, 800, SEARCHES_SEED), matcher_of(register))
    database.close()
    return report(made)


@pytest.mark.xdist_group("accuracy")
def test_persons_are_found_in_spite_of_errors(measured: Report) -> None:
    """Of all searches with up to four errors, nearly every one shows the person among the first five."""
    assert OVERALL <= measured.overall.figures()["recall_5"]


@pytest.mark.xdist_group("accuracy")
def test_no_kind_of_error_is_hopeless(measured: Report) -> None:
    """Every class of error is found well enough, and every class was measured."""
    assert {*ERROR_CLASSES, "none"} == set(measured.by_error)
    assert {} == {
        name: tally.figures()
        for name, tally in measured.by_error.items()
        if tally.searches >= 30 and tally.figures()["recall_5"] < CLASS
    }


@pytest.mark.xdist_group("accuracy")
def test_no_language_is_hopeless(measured: Report) -> None:
    """Every language group is found well enough, and all ten were measured."""
    assert 10 == len(measured.by_group)
    assert {} == {
        name: tally.figures()
        for name, tally in measured.by_group.items()
        if tally.searches >= 30 and tally.figures()["recall_5"] < CLASS
    }


@pytest.mark.xdist_group("accuracy")
def test_the_grades_can_be_relied_on(measured: Report) -> None:
    """New persons seldom meet a strong candidate; known ones nearly always a possible one."""
    summary = measured.summary()

    assert FALSE_STRONG >= summary["false_alarms"]["strong"]
    assert FALSE_POSSIBLE >= summary["false_alarms"]["possible"]
    assert FLAGGED_POSSIBLE <= summary["flagged"]["possible"]
    assert FLAGGED_STRONG <= summary["flagged"]["strong"]
