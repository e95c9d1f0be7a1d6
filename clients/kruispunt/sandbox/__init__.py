"""A synthetic population to try the registry with.

Nobody in it exists. Names come from small lists of this package's own, everything else from one seed: the same
seed gives the same persons with the same dossiers on every machine, however many are asked for.
"""

from kruispunt.sandbox.institutions import INSTITUTIONS, SandboxInstitution
from kruispunt.sandbox.loading import LoadReport, connected, load
from kruispunt.sandbox.population import SandboxDossier, SandboxPerson, population
from kruispunt.sandbox.registers import (
    EXAMPLES,
    RegisterReport,
    import_rows,
    load_registers,
    national_document,
    registrar,
)

__all__ = [
    "EXAMPLES",
    "INSTITUTIONS",
    "LoadReport",
    "RegisterReport",
    "SandboxDossier",
    "SandboxInstitution",
    "SandboxPerson",
    "connected",
    "import_rows",
    "load",
    "load_registers",
    "national_document",
    "population",
    "registrar",
]
