"""The pytest plugin: the fixture `kruispunt_registry`, a registry of its own for each test that asks for it.

What it knows and where its clock stands says the marker `kruispunt`, with the arguments of `kruispunt.testing.Registry`:

    @pytest.mark.kruispunt(persons=[ANNA], now=NOON)
    def test_registers(kruispunt_registry): ...

or, for all tests of a folder, the fixture `kruispunt_options` in its conftest.py. The marker nearest to the test counts
for each argument.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # every session loads this module; the registry only one that uses it
    from kruispunt_stub.registry import Registry

_MARKER = "kruispunt"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(**arguments): arguments of kruispunt.testing.Registry for kruispunt_registry"
    )


@pytest.fixture
def kruispunt_options() -> dict[str, Any]:
    """Arguments of `kruispunt.testing.Registry` for all tests; to be overridden."""
    return {}


@pytest.fixture
def kruispunt_registry(
    request: pytest.FixtureRequest, kruispunt_options: dict[str, Any]
) -> "Iterator[Registry]":
    """A registry in memory, fresh for this test; a fault of its own fails the test."""
    from kruispunt.testing import Registry

    options = dict(kruispunt_options)
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        options |= marker.kwargs
    with Registry(**options) as registry:
        yield registry
        faults = registry.faults_of_its_own()
    if faults:
        pytest.fail(f"the stub itself failed, which is a defect of kruispunt: {faults}")
