"""What the national register says, as facts: beside ours in a picture."""

import uuid
from typing import Final

from kruispunt_identity.domain.fact import NATIONAL_REGISTER, Fact
from kruispunt_identity.domain.national import NationalPerson

_NAMESPACE: Final = uuid.UUID("2f0b0a0e-8a53-5c0f-9a3e-6f3f3a5d7c11")


def national_facts(person: NationalPerson) -> list[Fact]:
    """Return the facts of a person of the national register.

    Their identifier is that of number and data group, the same whenever they are read; when they were recorded, the
    register does not say.
    """
    return [
        Fact(
            fact_id=uuid.uuid5(_NAMESPACE, f"{person.ssin}/{int(statement.group)}"),
            registered_under=person.ssin,
            group=statement.group,
            value=statement.value,
            validity=statement.validity,
            source=NATIONAL_REGISTER,
            evidence=statement.evidence,
            recorded_at=None,
        )
        for statement in person.statements
    ]
