"""Register a population's dossiers through the clients of the institutions that hold them."""

import contextlib
import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kruispunt.errors import FailedPrecondition, PersonUnknown
from kruispunt.profiles import Profile, load_profiles
from kruispunt.sandbox.careers import SandboxDossier
from kruispunt.sandbox.institutions import INSTITUTIONS
from kruispunt.sandbox.population import SandboxPerson
from kruispunt.values import InstitutionRef, PersonClaim, Purpose

if TYPE_CHECKING:
    from kruispunt import DirectoryClient

_NAMESPACE = uuid.UUID("5a0dbf3e-52c5-5b1e-9c4e-6b7275697370")
_TIMEOUT_S = 30.0


@dataclass(slots=True)
class LoadReport:
    """What came of loading.

    Attributes:
        persons: how many were gone through.
        outcomes: registrations by outcome, as the registry told it the first time.
        refused: registrations by reason of refusal.
        elapsed_s: time it took.
    """

    persons: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    elapsed_s: float = 0.0

    @property
    def dossiers(self) -> int:
        """How many registrations the registry took."""
        return self.outcomes.total()


@contextlib.contextmanager
def connected(path: str | Path | None = None) -> Iterator[Mapping[InstitutionRef, "DirectoryClient"]]:
    """Open a client for each institution of the sandbox, from the profile that bears its name.

    Raises:
        ProfileError: the profiles file is absent, or has not all of them.
    """
    from kruispunt import DirectoryClient

    profiles = load_profiles(path, names=[each.profile for each in INSTITUTIONS])
    with contextlib.ExitStack() as stack:
        yield {
            each.ref: stack.enter_context(
                DirectoryClient.from_profile(
                    profiles[each.profile], purpose=_purpose(profiles[each.profile]), timeout_s=_TIMEOUT_S
                )
            )
            for each in INSTITUTIONS
        }


def load(
    persons: Iterable[SandboxPerson],
    clients: Mapping[InstitutionRef, "DirectoryClient"],
    *,
    seed: int,
    threads: int = 8,
    on_person: Callable[[], object] = lambda: None,
) -> LoadReport:
    """Register every dossier of every person; doing it again changes nothing.

    Args:
        persons: read as the work goes on, a few ahead.
        clients: one for each institution.
        seed: goes into the request_ids, so that the same population is the same change.
        threads: persons in flight; the dossiers of one person go one after another.
        on_person: called after each person, from any thread.

    Raises:
        KruispuntError: the registry refused for another reason than the state of things, or is not there.
    """
    report = LoadReport()
    lock = threading.Lock()
    began = time.monotonic()

    def register_all(person: SandboxPerson) -> None:
        told = [_register(clients[d.institution], person, d, n, seed) for n, d in enumerate(person.dossiers)]
        with lock:
            report.persons += 1
            for taken, name in told:
                (report.outcomes if taken else report.refused)[name] += 1
        on_person()

    with ThreadPoolExecutor(threads) as pool:
        _run(pool, register_all, persons, ahead=2 * threads)
    report.elapsed_s = time.monotonic() - began
    return report


def _run(
    pool: ThreadPoolExecutor,
    work: Callable[[SandboxPerson], None],
    persons: Iterable[SandboxPerson],
    *,
    ahead: int,
) -> None:
    """Do the work with at most `ahead` persons begun; the first failure ends it."""
    rest = iter(persons)
    running: set[Future[None]] = set()
    try:
        while True:
            running |= {pool.submit(work, each) for each in itertools.islice(rest, ahead - len(running))}
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                each.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _register(
    client: "DirectoryClient", person: SandboxPerson, dossier: SandboxDossier, number: int, seed: int
) -> tuple[bool, str]:
    """Register one dossier; return whether it was taken, and the outcome or the reason."""
    try:
        answer = client.register_dossier(
            person.ssin,
            capacity=dossier.capacity,
            phase=dossier.phase,
            period=dossier.period,
            institution=dossier.institution,
            source="sandbox",
            claim=PersonClaim(person.family_name, person.given_names, person.birth_date, person.sex),
            request_id=uuid.uuid5(_NAMESPACE, f"{seed}/{person.ssin}/{number}"),
        )
    except (FailedPrecondition, PersonUnknown) as refusal:
        return False, refusal.reason
    return True, answer.outcome.name


def _purpose(profile: Profile) -> Purpose:
    return Purpose(
        legal_basis=profile.legal_basis or "SANDBOX",
        end_user=profile.end_user or "sandbox-load",
        case=profile.case or "sandbox",
    )
