"""A registry in memory for the tests of an institution: the real contract and the real rules, no server, no database.

    from kruispunt.testing import Registry, SeededPerson

    with Registry(persons=[anna]) as registry:
        directory = registry.directory("institution-5-1")
        ...

or as the pytest fixture `kruispunt_registry`, or as a process, `kruispunt stub`, for systems in other languages.
What it is good for stands in docs/testing.md. Needs what a search compares by: `pip install 'kruispunt[testing]'`.
"""

try:
    from kruispunt_stub.calls import Calls, RecordedCall
    from kruispunt_stub.clock import FrozenClock
    from kruispunt_stub.doors import TlsFiles
    from kruispunt_stub.faults import Fault, FaultKind, Faults
    from kruispunt_stub.following import Following
    from kruispunt_stub.looks import Looks, RecordedLook
    from kruispunt_stub.registry import PURPOSE, REGISTRAR, Registry
    from kruispunt_stub.seeding import SeededDossier, SeededInstitution, SeededPerson
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"kruispunt.testing needs {error.name}: pip install 'kruispunt[testing]'", name=error.name
    ) from error

__all__ = [
    "PURPOSE",
    "REGISTRAR",
    "Calls",
    "Fault",
    "FaultKind",
    "Faults",
    "Following",
    "FrozenClock",
    "Looks",
    "RecordedCall",
    "RecordedLook",
    "Registry",
    "SeededDossier",
    "SeededInstitution",
    "SeededPerson",
    "TlsFiles",
]
