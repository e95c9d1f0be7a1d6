"""The institutions of the sandbox: one profile, one certificate and one participant each.

They stand in the registry's code tables too (`code_tables.toml` of the directory), with the capacities used
here; a test holds the two together.
"""

from dataclasses import dataclass

from kruispunt.values import InstitutionRef

AUTHORITY = "sandbox.kruispunt.example"


@dataclass(frozen=True, slots=True)
class SandboxInstitution:
    """An institution to play.

    Attributes:
        ref: sector and number.
        name: for people, in English.
    """

    ref: InstitutionRef
    name: str

    @property
    def profile(self) -> str:
        """Name of its profile, and of its participant."""
        return f"institution-{self.ref.sector}-{self.ref.institution}"

    @property
    def uri(self) -> str:
        """Name in its certificate."""
        return f"spiffe://{AUTHORITY}/institution/{self.ref}"


def _of(sector: int, institution: int, name: str) -> SandboxInstitution:
    return SandboxInstitution(InstitutionRef(sector, institution), name)


INSTITUTIONS = (
    _of(5, 1, "National Pensions Office"),
    _of(7, 1, "National Office for Family Allowances"),
    _of(10, 1, "National Office for Annual Holidays"),
    _of(11, 100, "Christian mutual insurers"),
    _of(11, 200, "Neutral mutual insurers"),
    _of(11, 300, "Socialist mutual insurers"),
    _of(12, 1, "National Social Security Office"),
    _of(15, 1, "Institute for the Self-employed"),
    _of(16, 1, "Persons with a Disability"),
    _of(17, 1, "Public Welfare Centres, managing institution"),
    _of(17, 101, "Public Welfare Centre of Antwerp"),
    _of(17, 202, "Public Welfare Centre of Liège"),
    _of(17, 301, "Public Welfare Centre of Brussels"),
    _of(18, 1, "National Employment Office"),
    _of(21, 1, "Institute for Health and Disability Insurance"),
)
BY_REF = {each.ref: each for each in INSTITUTIONS}
ADMINISTRATOR = "registry-administrator"
AUDITOR = "registry-auditor"
REGISTRAR = "registry-registrar"


def in_sector(sector: int) -> tuple[InstitutionRef, ...]:
    """Return the institutions of a sector, by number."""
    return tuple(each.ref for each in INSTITUTIONS if each.ref.sector == sector)
