"""A stranger with `buf curl` and a certificate finds the services by reflection and calls one."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from google.rpc import error_details_pb2
from tests.directory.service.conftest import ANNA, PENSIONS, Directory, directory, sandbox_pki

from kruispunt import Period
from kruispunt.period import EARLIEST

__all__ = ["directory", "sandbox_pki"]

BUF = Path(sys.executable).parent / "buf"


def buf_curl(served: Directory, *arguments: str) -> subprocess.CompletedProcess[str]:
    certificates = served.pki / "clients"
    return subprocess.run(
        [
            BUF,
            "curl",
            "--protocol=grpc",
            f"--cacert={served.pki / 'ca.crt'}",
            f"--cert={certificates / f'{PENSIONS}.crt'}",
            f"--key={certificates / f'{PENSIONS}.key'}",
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_services_are_listed(directory: Directory) -> None:
    """Reflection names every service."""
    listed = buf_curl(directory, "--list-services", f"https://{directory.endpoint}")

    assert "" == listed.stderr
    assert [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "kruispunt.access.v1.ParticipantService",
        "kruispunt.audit.v1.AuditService",
        "kruispunt.directory.v1.DirectoryService",
        "kruispunt.directory.v1.DossierService",
        "kruispunt.directory.v1.KnowledgeService",
        "kruispunt.directory.v1.NoticeService",
    ] == sorted(listed.stdout.split())


@pytest.mark.parametrize("purpose", [True, False])
def test_dossiers_are_listed(directory: Directory, purpose: bool) -> None:
    """ListDossiers answers by reflection alone; without purpose the refusal is readable."""
    directory.client(PENSIONS).register_dossier(
        ANNA, capacity=100, period=Period(EARLIEST.replace(year=2020))
    )
    headers = ["kruispunt-legal-basis: 18/042", "kruispunt-end-user: clerk-7", "kruispunt-case: 2026/1"]

    answered = buf_curl(
        directory,
        *(part for header in headers if purpose for part in ("-H", header)),
        "-d",
        json.dumps({"ssin": str(ANNA)}),
        f"https://{directory.endpoint}/kruispunt.directory.v1.DirectoryService/ListDossiers",
    )

    if purpose:
        answer = json.loads(answered.stdout)
        assert (True, 1, 100) == (
            answer["complete"],
            len(answer["dossiers"]),
            answer["dossiers"][0]["capacity"],
        )
    else:
        refusal = json.loads(answered.stderr)
        told = base64.b64decode(refusal["details"][0]["value"] + "==")
        info = error_details_pb2.ErrorInfo.FromString(told)
        assert ("invalid_argument", "PURPOSE_REQUIRED") == (refusal["code"], info.reason)
