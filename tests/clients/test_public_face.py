"""What the package shows, and what using a part of it costs."""

import ast
import dataclasses
import enum
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kruispunt
from kruispunt import (
    DataSetRef,
    InstitutionRef,
    dossier_rows,
    errors,
    facts,
    persons,
    registering,
    routes,
    values,
)
from kruispunt.common.v1 import error_reason_pb2, values_pb2
from kruispunt.directory.v1 import directory_service_pb2, dossier_pb2, dossier_service_pb2
from kruispunt.entries import Labels
from kruispunt.identity.v1 import identity_service_pb2, person_pb2, registration_service_pb2, search_pb2

PACKAGE = Path(kruispunt.__file__).parent
STATUS_OF_BAND = {  # bands of numbers in error_reason.proto, each under one status or named singly
    "INVALID_ARGUMENT": range(1, 20),
    "UNAUTHENTICATED": (*range(20, 22), *range(100, 110)),
    "PERMISSION_DENIED": (*range(22, 30), *range(110, 120)),
    "NOT_FOUND": range(30, 40),
    "FAILED_PRECONDITION": range(40, 60),
    "ABORTED": range(60, 62),
    "OUT_OF_RANGE": range(62, 70),
    "RESOURCE_EXHAUSTED": range(70, 80),
    "DEADLINE_EXCEEDED": range(80, 81),
    "UNAVAILABLE": range(81, 90),
    "INTERNAL": range(90, 91),
    "UNIMPLEMENTED": range(91, 92),
}


def test_all_names_what_is_public() -> None:
    """`__all__` is sorted and equals what type checkers see imported and what loads at run time."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (checked,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {a.name for node in checked.body if isinstance(node, ast.ImportFrom) for a in node.names}

    assert imported == set(kruispunt.__all__)
    assert sorted(kruispunt.__all__) == sorted(set(kruispunt.__all__))
    for name in kruispunt.__all__:
        assert getattr(kruispunt, name) is not None
    with pytest.raises(AttributeError):
        _ = kruispunt.nothing_of_the_kind


def test_public_values_and_errors_are_all_exported() -> None:
    """No value, route or error class is forgotten in `__all__`."""
    homes = (errors, routes, values, facts, persons, registering, dossier_rows)
    defined = {
        name
        for home in homes
        for name, o in vars(home).items()
        if getattr(o, "__module__", "") == home.__name__
    }
    internal = {"class_of", "WireEnum"}

    assert {name for name in defined - internal if not name.startswith("_")} <= set(kruispunt.__all__)


@pytest.mark.parametrize("module", ["kruispunt", "kruispunt.ssin", "kruispunt.period", "kruispunt.errors"])
def test_number_rules_cost_no_grpc(module: str) -> None:
    """Importing the package or its plain values loads neither gRPC nor protobuf."""
    code = f"import sys, {module}; sys.exit(any(n.split('.')[0] in ('grpc', 'google') for n in sys.modules))"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_every_reason_has_an_exception() -> None:
    """Each reason of the contract has a class of its own, below that of its status."""
    reasons = {
        name.removeprefix("ERROR_REASON_"): number
        for name, number in error_reason_pb2.ErrorReason.items()
        if number
    }

    assert set(reasons) == set(errors.BY_REASON)
    for reason, number in reasons.items():
        (status,) = [s for s, band in STATUS_OF_BAND.items() if number in band]
        assert status == errors.BY_REASON[reason].STATUS
        assert issubclass(errors.BY_REASON[reason], errors.BY_STATUS[status])


def test_every_exception_is_drawn_in_the_tree() -> None:
    """The module docstring draws each class."""
    drawn = set((errors.__doc__ or "").replace(",", " ").split())

    assert {c.__name__ for c in (*errors.BY_REASON.values(), *errors.BY_STATUS.values())} <= drawn


def test_contradicting_status_beats_the_reason() -> None:
    """A known reason under another status is read as the status: never a wrong promise."""
    assert kruispunt.Internal is errors.class_of("ETAG_MISMATCH", "INTERNAL")


@pytest.mark.parametrize(
    ("ours", "contract", "prefix"),
    [
        (values.NetworkLevel, values_pb2.NetworkLevel, "NETWORK_LEVEL_"),
        (values.NumberVerification, values_pb2.NumberVerification, "NUMBER_VERIFICATION_"),
        (values.WarningReason, values_pb2.WarningReason, "WARNING_REASON_"),
        (values.Sex, dossier_pb2.Sex, "SEX_"),
        (values.RegistrationOutcome, dossier_service_pb2.RegistrationOutcome, "REGISTRATION_OUTCOME_"),
        (dossier_rows.DossierRowOutcome, dossier_service_pb2.DossierRowOutcome, "DOSSIER_ROW_OUTCOME_"),
        (values.ReconfirmationOutcome, dossier_service_pb2.ReconfirmationOutcome, "RECONFIRMATION_OUTCOME_"),
        (values.PersonStatus, directory_service_pb2.PersonStatus, "PERSON_STATUS_"),
        (values.StaleKind, directory_service_pb2.StaleKind, "STALE_KIND_"),
        (routes.RouteVerdict, directory_service_pb2.RouteVerdict, "ROUTE_VERDICT_"),
        (routes.RouteCheck, directory_service_pb2.RouteCheck, "ROUTE_CHECK_"),
        (routes.CheckOutcome, directory_service_pb2.CheckOutcome, "CHECK_OUTCOME_"),
        (facts.DataGroup, person_pb2.DataGroup, "DATA_GROUP_"),
        (facts.Gender, person_pb2.Gender, "GENDER_"),
        (facts.EvidenceKind, person_pb2.EvidenceKind, "EVIDENCE_KIND_"),
        (facts.IdentifierScheme, person_pb2.IdentifierScheme, "IDENTIFIER_SCHEME_"),
        (persons.Register, person_pb2.Register, "REGISTER_"),
        (persons.NumberStatus, person_pb2.NumberStatus, "NUMBER_STATUS_"),
        (persons.NumberChangeReason, person_pb2.NumberChangeReason, "NUMBER_CHANGE_REASON_"),
        (persons.NumberOutcome, identity_service_pb2.NumberOutcome, "NUMBER_OUTCOME_"),
        (persons.NumberEventKind, identity_service_pb2.NumberEvent.Kind, "KIND_"),
        (persons.Grade, search_pb2.Grade, "GRADE_"),
        (registering.DistinctReason, registration_service_pb2.DistinctReason, "DISTINCT_REASON_"),
        (registering.PersonOutcome, registration_service_pb2.PersonOutcome, "PERSON_OUTCOME_"),
        (registering.GroupOutcome, registration_service_pb2.GroupOutcome, "GROUP_OUTCOME_"),
        (registering.RowOutcome, registration_service_pb2.RowOutcome, "ROW_OUTCOME_"),
    ],
)
def test_choices_are_those_of_the_contract(ours: type[enum.IntEnum], contract: object, prefix: str) -> None:
    """Each choice has the names and numbers of the contract."""
    expected = {name.removeprefix(prefix): number for name, number in contract.items()}  # type: ignore[attr-defined]

    assert expected == {each.name: each.value for each in ours}


def test_choice_of_a_newer_registry_is_unspecified() -> None:
    """A number that this version does not know is read, not refused."""
    assert routes.RouteVerdict.UNSPECIFIED is routes.RouteVerdict(77)


@pytest.mark.parametrize("bad", ["", "x" * 65, " x", "é", "a\nb"])
def test_malformed_purpose_is_refused_at_once(bad: str) -> None:
    """A purpose that the registry would refuse is not made."""
    with pytest.raises(ValueError, match="case"):
        kruispunt.Purpose("18/042", "clerk", bad)


def test_types_come_along() -> None:
    """Callers' type checkers read the package's annotations (PEP 561)."""
    assert (PACKAGE / "py.typed").is_file()


@pytest.mark.parametrize("text", ["17", "17/x", "17/1/2", "", "1_7/1", "-1/1"])
def test_institution_of_another_form_is_refused_with_the_form(text: str) -> None:
    """The sentence says what is expected, not what a parser stumbled over."""
    with pytest.raises(ValueError, match=r"^an institution is SECTOR/NUMBER, such as 17/1$"):
        InstitutionRef.parse(text)


@pytest.mark.parametrize("text", ["", "X/", "X/x", "/1", "X/1/2"])
def test_data_set_of_another_form_is_refused_with_the_form(text: str) -> None:
    """As institutions."""
    with pytest.raises(ValueError, match=r"^a data set is CODE or CODE/VARIANT, such as PENSION-RIGHTS/1$"):
        DataSetRef.parse(text)


def test_names_are_in_four_languages() -> None:
    """Another language is refused, whatever names there are."""
    assert "CPAS" == Labels(nl="OCMW", fr="CPAS").best("fr")
    with pytest.raises(ValueError, match="names are in nl, fr, de, en"):
        Labels(nl="OCMW").best("xx")


SYNC = (
    kruispunt.DirectoryClient,
    kruispunt.IdentityClient,
    kruispunt.KnowledgeClient,
    kruispunt.RehearsalClient,
    kruispunt.Resolver,
)
ASYNC = (
    kruispunt.AsyncDirectoryClient,
    kruispunt.AsyncIdentityClient,
    kruispunt.AsyncKnowledgeClient,
    kruispunt.AsyncRehearsalClient,
    kruispunt.AsyncResolver,
)


def methods_of(kind: type) -> dict[str, Any]:
    return {name: each for name, each in inspect.getmembers(kind, inspect.isroutine) if name[0] != "_"}


def classes_in(kind: Any) -> Iterator[type]:
    """Yield the classes of an annotation, such as those of a list's items."""
    if isinstance(kind, type) and not typing.get_args(kind):
        yield kind
    for each in typing.get_args(kind):
        yield from classes_in(each)


@pytest.mark.parametrize("kind", [*SYNC, *ASYNC])
def test_every_value_returned_has_its_message(kind: type) -> None:
    """What the contract says beyond the values is one attribute away."""
    without = {
        value.__name__
        for method in methods_of(kind).values()
        for value in classes_in(typing.get_type_hints(method).get("return"))
        if dataclasses.is_dataclass(value)
        and "message" not in {field.name for field in dataclasses.fields(value)}
    }

    assert set() == without


@pytest.mark.parametrize(("of_threads", "of_tasks"), list(zip(SYNC, ASYNC, strict=True)))
def test_both_clients_have_the_same_methods(of_threads: type, of_tasks: type) -> None:
    """With the same arguments and defaults."""
    ours, others = methods_of(of_threads), methods_of(of_tasks)

    assert set(ours) == set(others)
    for name, method in ours.items():
        assert shape_of(others[name]) == shape_of(method)


def shape_of(method: Any) -> list[tuple[str, Any, Any]]:
    """Return name, kind and default of each argument."""
    return [(each.name, each.kind, each.default) for each in inspect.signature(method).parameters.values()]
