"""In which context calls are made: purpose, institution, token and trace; from arguments, environment or profile."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from tests.clients.registry_stand_in import ANNA, Script, route

from kruispunt import (
    AsyncDirectoryClient,
    DirectoryClient,
    IdentityClient,
    InstitutionRef,
    ProfileError,
    Purpose,
    profile_from_environment,
    trace_context,
)

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PURPOSE = ("kruispunt-legal-basis", "kruispunt-end-user", "kruispunt-case")


@pytest.fixture(autouse=True)
def _answering(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    script.on("GetRoute", route(allowed=True))
    for name in ("PROFILE", "PROFILES", "ENDPOINT", "IDENTITY_ENDPOINT", "LEGAL_BASIS", "END_USER", "CASE"):
        monkeypatch.delenv(f"KRUISPUNT_{name}", raising=False)


def stated(script: Script) -> list[tuple[str, ...]]:
    return [tuple(each.metadata[key] for key in PURPOSE) for each in script.asked]


def test_parts_of_the_purpose_are_exchanged_for_a_call(directory: Any, script: Script) -> None:
    """What is left out stays, and so does the client."""
    directory.on_behalf(case="file-2").get_route(ANNA, "PENSION-RIGHTS")
    directory.on_behalf(legal_basis="19/001", end_user="clerk-8").get_route(ANNA, "PENSION-RIGHTS")
    directory.get_route(ANNA, "PENSION-RIGHTS")

    assert [
        ("18/042", "clerk-7", "file-2"),
        ("19/001", "clerk-8", "file-1"),
        ("18/042", "clerk-7", "file-1"),
    ] == stated(script)


def test_a_malformed_part_is_refused_at_once(directory: Any, script: Script) -> None:
    """As of a purpose."""
    with pytest.raises(ValueError, match="case"):
        directory.on_behalf(case="a\nb")
    assert [] == script.asked


def test_views_stand_on_each_other(directory: Any, script: Script) -> None:
    """An institution that is acted for stays over an exchange of the purpose, and the other way round."""
    acting = directory.acting_for(InstitutionRef(17, 1))
    acting.on_behalf(case="file-2").get_route(ANNA, "PENSION-RIGHTS")
    directory.on_behalf(case="file-3").acting_for(InstitutionRef(5, 1)).get_route(ANNA, "PENSION-RIGHTS")

    assert [("17/1", "file-2"), ("5/1", "file-3")] == [
        (each.metadata["kruispunt-on-behalf-of"], each.metadata["kruispunt-case"]) for each in script.asked
    ]


def test_a_given_trace_goes_with_the_calls_within(directory: Any, script: Script) -> None:
    """And with no other."""
    with trace_context(PARENT, "vendor=1"):
        directory.get_route(ANNA, "PENSION-RIGHTS")
    directory.get_route(ANNA, "PENSION-RIGHTS")

    within, after = (each.metadata for each in script.asked)
    assert (PARENT, "vendor=1") == (within["traceparent"], within["tracestate"])
    assert "traceparent" not in after


def test_a_trace_is_that_of_its_thread(endpoint: str, script: Script) -> None:
    """Another thread, or task, is in none."""
    purpose = Purpose("18/042", "clerk-7", "file-1")
    with DirectoryClient(endpoint, certificates=None, purpose=purpose) as client, trace_context(PARENT):
        other = threading.Thread(target=client.get_route, args=(ANNA, "PENSION-RIGHTS"))
        other.start()
        other.join()

    assert "traceparent" not in script.asked[0].metadata


@pytest.mark.parametrize("parent", ["", "00-x", PARENT.upper(), PARENT + "\n"])
def test_another_form_of_trace_is_refused(parent: str) -> None:
    """Before anything goes out."""
    with pytest.raises(ValueError, match="traceparent"), trace_context(parent):
        pass
    with pytest.raises(ValueError, match="tracestate"), trace_context(PARENT, "ä"):
        pass


def test_a_long_state_is_left_out(directory: Any, script: Script) -> None:
    """W3C lets it be."""
    with trace_context(PARENT, "v=" + "x" * 511):
        directory.get_route(ANNA, "PENSION-RIGHTS")

    assert "tracestate" not in script.asked[0].metadata


def test_the_span_of_opentelemetry_is_the_parent(directory: Any, script: Script) -> None:
    """Where the program has OpenTelemetry, nothing need be done."""
    with TracerProvider().get_tracer("test").start_as_current_span("intake") as span:
        directory.get_route(ANNA, "PENSION-RIGHTS")
        context = span.get_span_context()

    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert expected == script.asked[0].metadata["traceparent"]
    assert not trace.get_current_span().get_span_context().is_valid


def test_opentelemetry_is_not_loaded_for_it() -> None:
    """A program without it pays nothing."""
    code = "import sys; from kruispunt.tracing import trace_metadata as t; assert t() == (); sys.exit('opentelemetry' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(
        '[mine]\nendpoint = "127.0.0.1:1"\nlegal_basis = "1/1"\nend_user = "batch"\ncase = "nightly"\n'
    )
    monkeypatch.setenv("KRUISPUNT_PROFILES", str(path))
    return path


def test_arguments_go_before_the_environment_and_that_before_the_profile(
    endpoint: str, script: Script, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Part by part; both clients alike."""
    monkeypatch.setenv("KRUISPUNT_PROFILE", "mine")
    monkeypatch.setenv("KRUISPUNT_ENDPOINT", endpoint)
    monkeypatch.setenv("KRUISPUNT_CASE", "file-9")
    with DirectoryClient.from_environment() as client:
        client.get_route(ANNA, "PENSION-RIGHTS")
    monkeypatch.setenv("KRUISPUNT_ENDPOINT", "127.0.0.1:2")

    async def play() -> None:
        async with AsyncDirectoryClient.from_environment(endpoint, purpose=Purpose("2", "3", "4")) as client:
            await client.get_route(ANNA, "PENSION-RIGHTS")

    asyncio.run(play())

    assert [("1/1", "batch", "file-9"), ("2", "3", "4")] == stated(script)


def test_the_environment_needs_no_profile(
    endpoint: str, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container."""
    token = tmp_path / "token"
    token.write_text("good\n")
    for name, value in {
        "ENDPOINT": endpoint,
        "LEGAL_BASIS": "18/042",
        "END_USER": "batch",
        "CASE": "nightly",
        "TOKEN_FILE": str(token),
        "INSTITUTION": "17/1",
    }.items():
        monkeypatch.setenv(f"KRUISPUNT_{name}", value)
    with DirectoryClient.from_environment() as client:
        client.get_route(ANNA, "PENSION-RIGHTS")

    assert [("18/042", "batch", "nightly")] == stated(script)
    assert "Bearer good" == script.asked[0].metadata["authorization"]
    assert InstitutionRef(17, 1) == profile_from_environment().institution


def test_an_environment_that_says_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With what to set; so are a part of the certificates, a purpose that is not whole, and no identity."""
    with pytest.raises(ProfileError, match="set KRUISPUNT_ENDPOINT, or KRUISPUNT_PROFILE"):
        DirectoryClient.from_environment()
    monkeypatch.setenv("KRUISPUNT_ENDPOINT", "127.0.0.1:1")
    with pytest.raises(ProfileError, match="legal_basis, end_user, case"):
        DirectoryClient.from_environment()
    with pytest.raises(ProfileError, match="no identity_endpoint"):
        IdentityClient.from_environment(purpose=Purpose("1", "2", "3"))
    monkeypatch.setenv("KRUISPUNT_CA", str(tmp_path / "ca.pem"))
    with pytest.raises(ProfileError, match="needs ca, certificate and key"):
        DirectoryClient.from_environment(purpose=Purpose("1", "2", "3"))


def test_a_token_that_no_header_takes_is_said_to_be_so(
    directory_client: Any, endpoint: str, script: Script
) -> None:
    """As one is that was read with the end of its line; what it is, is not told."""
    purpose = Purpose("18/042", "clerk-7", "file-1")
    with (
        directory_client(endpoint, certificates=None, purpose=purpose, token="secret\n") as client,
        pytest.raises(ValueError, match="the bearer token has other characters") as refusal,
    ):
        client.get_route(ANNA, "PENSION-RIGHTS")

    assert "secret" not in str(refusal.value)
    assert [] == script.asked
