"""The control port of `kruispunt stub`: faults, clock, feeds and recorded calls for tests in other languages.

JSON over HTTP, on loopback, one resource for each thing; docs/testing.md lists them. It is no part of the contract.
"""

import datetime as dt
import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from google.protobuf.json_format import MessageToDict

from kruispunt.errors import KruispuntError
from kruispunt.ssin import Ssin, SsinError
from kruispunt_stub.calls import RecordedCall
from kruispunt_stub.covered import COVERED
from kruispunt_stub.faults import Fault, FaultKind
from kruispunt_stub.registry import Registry

_HOST: Final = "127.0.0.1"
_NEAR: Final = (_HOST, "localhost")
_MOST_BYTES: Final = 1 << 20
_FAULT_FIELDS: Final = frozenset({"kind", "method", "participant", "times", "seconds"})

Answer = dict[str, Any] | list[Any]


class ControlError(ValueError):
    """What was asked makes no sense; the text says why."""


class Control:
    """What can be asked, and done; each method takes what was sent and returns what is answered."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.routes: Mapping[tuple[str, str], Callable[[Any], Answer]] = {
            ("GET", "/methods"): self._methods,
            ("GET", "/calls"): self._calls,
            ("DELETE", "/calls"): self._forget_calls,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._add_fault,
            ("DELETE", "/faults"): self._clear_faults,
            ("GET", "/clock"): self._clock,
            ("PUT", "/clock"): self._set_clock,
            ("POST", "/feeds"): self._feeds,
            ("POST", "/replacements"): self._replace,
            ("GET", "/defects"): self._defects,
        }

    def _methods(self, _: Any) -> Answer:
        return {service: sorted(methods) for service, methods in COVERED.items()}

    def _calls(self, _: Any) -> Answer:
        return [_call_json(call) for call in self._registry.calls]

    def _forget_calls(self, _: Any) -> Answer:
        self._registry.calls.clear()
        return {}

    def _faults(self, _: Any) -> Answer:
        return [_fault_json(fault) for fault in self._registry.faults.waiting()]

    def _add_fault(self, said: Any) -> Answer:
        if not isinstance(said, dict) or not said.keys() <= _FAULT_FIELDS:
            raise ControlError(f"a fault has {', '.join(sorted(_FAULT_FIELDS))}")
        try:
            kind = FaultKind(said.get("kind", ""))
        except ValueError:
            raise ControlError(f"kind is one of {', '.join(FaultKind)}") from None
        times, seconds = said.get("times", 1), said.get("seconds", 0.05)
        if not (times is None or (isinstance(times, int) and not isinstance(times, bool) and times > 0)):
            raise ControlError("times is a whole number from 1 on, or null for ever")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= 3600:
            raise ControlError("seconds is a number from 0 to 3600")
        for name in ("method", "participant"):
            if not isinstance(said.get(name), str | None):
                raise ControlError(f"{name} is a text, or left out")
        fault = Fault(kind, said.get("method"), said.get("participant"), times, float(seconds))
        return _fault_json(self._registry.faults.add(fault))

    def _clear_faults(self, _: Any) -> Answer:
        self._registry.faults.clear()
        return {}

    def _clock(self, _: Any) -> Answer:
        return {"now": self._registry.clock.now().isoformat()}

    def _set_clock(self, said: Any) -> Answer:
        try:
            if "advance_s" in said:
                self._registry.clock.advance(dt.timedelta(seconds=said["advance_s"]))
            else:
                self._registry.clock.set(dt.datetime.fromisoformat(said["now"]))
        except (TypeError, ValueError, KeyError, OverflowError):
            raise ControlError("the clock takes now, an instant with its zone, or advance_s") from None
        return self._clock(None)

    def _feeds(self, said: Any) -> Answer:
        do = said.get("do") if isinstance(said, dict) else None
        faults = self._registry.faults
        actions = {"restart": faults.restart_feeds, "forget": faults.forget_feeds}
        if not isinstance(do, str) or do not in actions:
            raise ControlError("feeds take do: restart or forget")
        actions[do]()
        return {}

    def _replace(self, said: Any) -> Answer:
        try:
            former, next_ = Ssin.parse(said["former"]), Ssin.parse(said["next"])
        except (TypeError, KeyError, SsinError):
            raise ControlError("a replacement takes former and next, two numbers of 11 digits") from None
        try:
            self._registry.replace_number(former, next_)
        except KruispuntError as refusal:
            raise ControlError(f"{refusal.reason}: {refusal.message}") from None
        except LookupError as absent:
            raise ControlError(str(absent)) from None
        return {}

    def _defects(self, _: Any) -> Answer:
        return self._registry.faults_of_its_own()


class ControlPort:
    """Serves `Control` on a port of loopback."""

    def __init__(self, registry: Registry, port: int = 0) -> None:
        control = Control(registry)
        handler = type("Handler", (_Handler,), {"control": control})
        self._server = ThreadingHTTPServer((_HOST, port), handler)
        self._server.daemon_threads = True
        self.address = f"{_HOST}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    control: Control

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *_: Any) -> None:
        """Log nothing: what is said here may name persons."""

    def _serve(self) -> None:
        near = (self.headers.get("Host") or "").partition(":")[0] in _NEAR
        if not near or self.headers.get("Origin"):  # a page in a browser of this machine, under whatever name
            self._answer(HTTPStatus.FORBIDDEN, {"error": "not for browsers"})
            return
        route = self.control.routes.get((self.command, self.path))
        if route is None:
            known = [f"{method} {path}" for method, path in self.control.routes]
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"there is: {', '.join(known)}"})
            return
        try:
            self._answer(HTTPStatus.OK, route(self._said()))
        except ControlError as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"error": str(error)})

    def _said(self) -> Any:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            raise ControlError(f"a body has a length, of {_MOST_BYTES} bytes at most")
        try:
            return json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            raise ControlError("the body is no JSON") from None

    def _answer(self, status: HTTPStatus, answer: Answer) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _call_json(call: RecordedCall) -> dict[str, Any]:
    purpose = call.purpose
    stated = {
        "legal_basis": purpose.legal_basis,
        "end_user": purpose.end_user,
        "case": purpose.case,
    } if purpose else None  # fmt: skip
    return {
        "method": call.method,
        "participant": call.participant,
        "purpose": stated,
        "timed": call.timed,
        "status": call.status,
        "reason": call.reason,
        "requests": [MessageToDict(each, preserving_proto_field_name=True) for each in list(call.requests)],
    }


def _fault_json(fault: Fault) -> dict[str, Any]:
    return {
        "kind": fault.kind.value,
        "method": fault.method,
        "participant": fault.participant,
        "times": fault.times,
        "seconds": fault.seconds,
    }
