"""The benchmarks measure right answers, and say what they measured. No timing is asserted."""

import json
from pathlib import Path

import pytest
from benchmarks import comparing, decision
from benchmarks.calls import expected_of
from benchmarks.comparing import Contender, Size, interleave, line, say
from benchmarks.population import asked_for, dossier_of, ssin_of
from benchmarks.serve_bare import list_dossiers, servicer_on
from benchmarks.stores import make_sqlite

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_server.access.judging import checked
from kruispunt_server.access.messages import rights_message
from kruispunt_server.database import Database

KEYS = {"id", "value", "unit", "baseline", "ratio", "goal", "runs", "rows", "python", "store"}


def test_numbers_of_the_population_are_valid_and_differ():
    """Load with malformed or repeated numbers would measure something else."""
    numbers = [ssin_of(person) for person in (0, 1, 26_999, 27_000, 2_499_999)]
    assert len(numbers) == len(set(numbers))
    assert [Ssin.parse(str(number)) for number in numbers] == numbers


def test_bare_handler_answers_what_the_population_says(tmp_path: Path):
    """The server under measurement answers four dossiers on each person in turn."""
    make_sqlite(tmp_path / "small.db", persons=20)
    database = Database.open(f"sqlite:///{tmp_path / 'small.db'}")
    try:
        handle = list_dossiers(servicer_on(database), 20)
        request = pb.ListDossiersRequest(ssin=str(ssin_of(0))).SerializeToString()
        for person in asked_for(20):
            answer = pb.ListDossiersResponse.FromString(handle(request, None))
            found = [
                (d.ssin, d.institution.sector, d.institution.institution, d.capacity, d.dossier_id)
                for d in answer.dossiers
            ]
            assert expected_of(person) == found
            assert str(ssin_of(person)) == answer.resolution.asked_ssin
            recorded = {dossier_of(person, which, ssin_of(person))[12] for which in range(4)}
            assert recorded == {d.record_time.ToMicroseconds() for d in answer.dossiers}
    finally:
        database.close()


def test_result_line_has_the_keys_of_the_design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever reads results.jsonl finds what the design promises; the ratio is the median of the rounds'."""
    monkeypatch.setattr(comparing, "RESULTS", tmp_path / "results.jsonl")
    rates = iter([100.0, 50.0, 80.0, 30.0])
    ours, baseline = Contender(lambda _calls: next(rates), 1), Contender(lambda _calls: 100.0, 1)
    interleave(ours, baseline, Size(rows=4, calls=10, rounds=3))
    say([line("R1", ours, baseline, goal=0.9, rows=4, store="sqlite 3")])
    (written,) = (tmp_path / "results.jsonl").read_text().splitlines()
    result = json.loads(written)
    assert KEYS <= result.keys()
    assert [0.5, 0.8, 0.3] == result["runs"]
    assert 0.5 == result["ratio"]


def test_rights_of_a_large_registry_are_sound_and_fit_into_one_message():
    """Decision 0023 says so: 3,000 institutions, well within the largest request that a server takes unless told."""
    message = rights_message(decision.rights())
    checked(message, "")  # or it raises
    assert len(message.participants) == 3_001
    assert len(message.grants) == 12_000
    assert 1_900_000 < message.ByteSize() < 2_100_000
