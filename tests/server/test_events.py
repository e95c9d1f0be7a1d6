"""The log says what its table allows, and nothing else."""

import io
import json
import logging

import pytest

from kruispunt_server.events import EVENTS, Events, UndeclaredEventError, frames_of


def test_an_event_is_a_line_of_json():
    """With name, level, service, time and its fields."""
    stream = io.StringIO()

    Events("directory", stream=stream).emit("worker_ready", worker=1, port=2, workers=3)

    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert {
        "event": "worker_ready", "level": "info", "service": "directory", "worker": 1, "port": 2, "workers": 3,
    } == line  # fmt: skip


@pytest.mark.parametrize("name", ["worker_ready", "something_else"])
def test_what_is_undeclared_is_refused_in_tests(name: str):
    """An unknown event, or an unknown field of a known one."""
    with pytest.raises(UndeclaredEventError):
        Events(strict=True, stream=io.StringIO()).emit(name, ssin="85073003328")


def test_what_is_undeclared_is_dropped_in_production():
    """The rest of the event is written."""
    stream = io.StringIO()
    events = Events(stream=stream)

    events.emit("worker_ready", worker=1, ssin="85073003328")
    events.emit("something_else", ssin="85073003328")

    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert 1 == line["worker"]
    assert "85073003328" not in stream.getvalue()


def test_a_level_below_the_threshold_is_not_written():
    """`call_finished` is for debugging."""
    stream = io.StringIO()
    events = Events(level="warning", stream=stream)

    events.emit("worker_ready", worker=1)

    assert "" == stream.getvalue()
    assert not events.wants("call_finished")
    assert events.wants("call_failed")


def test_what_libraries_log_loses_its_text(monkeypatch: pytest.MonkeyPatch):
    """Only who spoke, how loud, and the type of the exception remain."""
    stream = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    Events(stream=stream).adopt_logging()

    try:
        raise ValueError("85073003328")  # noqa: TRY301
    except ValueError:
        logging.getLogger("grpc._server").exception("Jan Peeters %s", "85073003328")

    line = json.loads(stream.getvalue())
    assert ("library_spoke", "grpc._server", "ERROR", "ValueError") == (
        line["event"],
        line["logger"],
        line["severity"],
        line["exception"],
    )
    assert "85073003328" not in stream.getvalue()
    assert "Jan" not in stream.getvalue()


def test_frames_hold_places_and_no_values():
    """File, line and function; not the source line, not the message."""

    def inner() -> None:
        raise ValueError("85073003328")

    with pytest.raises(ValueError, match="85073003328") as caught:
        inner()

    frames = frames_of(caught.value)
    assert frames[-1].startswith("test_events.py:")
    assert frames[-1].endswith(" inner")
    assert not any("85073003328" in frame for frame in frames)


def test_no_event_allows_a_field_that_could_hold_a_person():
    """A guard against a careless row in the table."""
    suspicious = {
        "ssin",
        "name",
        "person",
        "request",
        "response",
        "message",
        "value",
        "end_user",
        "case",
        "metadata",
    }

    assert {} == {
        name: event.fields & suspicious for name, event in EVENTS.items() if event.fields & suspicious
    }
    assert all(event.says for event in EVENTS.values())
