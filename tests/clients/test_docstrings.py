"""The examples in docstrings are run as they stand."""

import ast
import asyncio
import inspect
import re
import textwrap
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.clients.conftest import PURPOSE
from tests.clients.registry_stand_in import (
    ANNA,
    BRAM,
    Script,
    answer_chunk,
    dossier,
    registered,
    resolution,
    route,
)

import kruispunt
from kruispunt import AsyncDirectoryClient, DirectoryClient
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.identity.v1 import identity_service_pb2 as identity_pb

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_BLOCK = re.compile(r"\n\n((?:    +\S[^\n]*\n?|\n(?=    ))+)")


def _told() -> Iterator[tuple[str, str]]:
    """Yield what public classes, their methods and modules are told to do."""
    homes: list[Any] = [kruispunt.tracing]
    for name in kruispunt.__all__:
        found = getattr(kruispunt, name)
        if inspect.isclass(found):
            homes += [found, *(each for _, each in inspect.getmembers(found, inspect.isroutine))]
    for home in homes:
        doc = inspect.getdoc(home) if inspect.isroutine(home) or inspect.isclass(home) else home.__doc__
        for block in _BLOCK.findall((doc if isinstance(doc, str) else "") + "\n"):
            code = textwrap.dedent(block)
            if re.search(r"\b(with|for|await|directory\.|identity\.)", code) and _is_python(code):
                yield (
                    f"{home.__module__}.{home.__qualname__}" if home != kruispunt.tracing else "tracing",
                    code,
                )


def _is_python(code: str) -> bool:
    try:
        compile(code, "docstring", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return False
    return True


EXAMPLES = dict(_told())


@pytest.fixture
def _registry(endpoint: str, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(
        f'[institution-17-1]\nendpoint = "{endpoint}"\nidentity_endpoint = "{endpoint}"\n'
        'legal_basis = "18/042"\nend_user = "clerk-7"\ncase = "file-1"\n'
    )
    monkeypatch.setenv("KRUISPUNT_PROFILES", str(profiles))
    script.on("RegisterDossier", registered())
    script.on("ListDossiers", pb.ListDossiersResponse(dossiers=[dossier()], resolution=resolution()))
    script.on("GetRoute", route(allowed=True))
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))
    script.on("SearchPersons", identity_pb.SearchPersonsResponse(search_id="s-1"))


def test_there_are_examples_of_every_client() -> None:
    """And of what is not plain from its arguments."""
    assert {
        "kruispunt._async.client.Client.on_behalf",
        "kruispunt._async.directory.AsyncDirectoryClient",
        "kruispunt._async.identity.AsyncIdentityClient",
        "kruispunt._async.resolver.AsyncResolver",
        "kruispunt._sync.client.Client.on_behalf",
        "kruispunt._sync.directory.DirectoryClient",
        "kruispunt._sync.identity.IdentityClient",
        "kruispunt._sync.resolver.Resolver",
        "tracing",
    } <= set(EXAMPLES)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
@pytest.mark.usefixtures("_registry")
def test_an_example_runs(name: str, endpoint: str, script: Script) -> None:
    """With the names that an example leaves to its reader."""
    names = {
        **{each: getattr(kruispunt, each) for each in kruispunt.__all__},
        "asyncio": asyncio,
        "date": date,
        "person": ANNA,
        "persons": [ANNA, BRAM],
        "request": type("Request", (), {"headers": {"traceparent": PARENT}}),
    }
    code = compile(EXAMPLES[name], name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    async def in_tasks() -> None:
        async with AsyncDirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as directory:
            await eval(code, {**names, "directory": directory})

    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(in_tasks())
    else:
        with DirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as directory:
            exec(code, {**names, "directory": directory})

    assert script.asked
