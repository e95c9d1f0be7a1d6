"""Rights are written as the file that would make them, whatever they are."""

import datetime as dt

from google.type.date_pb2 import Date
from hypothesis import given, settings
from hypothesis import strategies as st

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.common.v1.values_pb2 import InstitutionRef
from kruispunt.quota_text import read_quota, write_quota
from kruispunt.quoting import quoted
from kruispunt.rights_file import parse_rights
from kruispunt.rights_text import rights_text

names = st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True) | st.sampled_from(
    ["no", "on", "1e3", "null", "0x1", "-"]
)
references = st.from_regex(r"[A-Za-z0-9/.-]{1,12}", fullmatch=True) | st.sampled_from(
    ["12", "1.5", "~", "2026-01-01"]
)
uris = st.from_regex(r"[a-z]{1,4}://[!-~]{1,12}", fullmatch=True)
titles = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(str.isprintable)
days = st.none() | st.dates(dt.date(1800, 1, 1), dt.date(2999, 12, 31))
quotas = st.none() | st.builds(
    lambda calls, seconds: pb.Quota(calls=calls, per_seconds=seconds),
    st.integers(1, 1_000_000_000),
    st.sampled_from([1, 7, 60, 3600, 86_400, 86_399]),
)


def day(found: dt.date | None) -> Date | None:
    """Return a day as a message."""
    return None if found is None else Date(year=found.year, month=found.month, day=found.day)


some_days = days.map(day)
participants = st.builds(
    pb.Participant,
    participant_id=names,
    roles=st.lists(st.integers(1, 7), min_size=1, max_size=3, unique=True),
    institution=st.none()
    | st.builds(InstitutionRef, sector=st.integers(0, 999), institution=st.integers(0, 999)),
    uris=st.lists(uris, min_size=1, max_size=2),
    begin=some_days,
    end=some_days,
    revoked_certificates=st.lists(st.from_regex(r"[0-9]{64}|[0-9a-f]{64}", fullmatch=True), max_size=2),
    quotas=st.none()
    | st.builds(pb.Quotas, reads=quotas, bulk=quotas).filter(lambda one: bool(one.ListFields())),
)
legal_bases = st.builds(
    pb.LegalBasis,
    legal_basis=references,
    title=titles,
    data_groups=st.lists(st.sampled_from(["name", "all"]), min_size=1, max_size=2),
    begin=some_days,
    end=some_days,
)
grants = st.builds(
    pb.Grant,
    grant_id=names,
    participants=st.lists(names, min_size=1, max_size=3),
    methods=st.lists(st.sampled_from(["A/*", "IdentityService/GetPerson"]), min_size=1, max_size=2),
    legal_basis=references | st.just("*"),
    data_groups=st.lists(st.sampled_from(["name", "all"]), min_size=1, max_size=2),
    requires_dossier=st.booleans(),
    shows_protected=st.booleans(),
    begin=some_days,
    end=some_days,
    quota=quotas,
)
rights = st.builds(
    pb.Rights,
    participants=st.lists(participants, max_size=3, unique_by=lambda one: one.participant_id),
    legal_bases=st.lists(legal_bases, max_size=3, unique_by=lambda one: one.legal_basis),
    grants=st.lists(grants, max_size=3, unique_by=lambda one: one.grant_id),
)


@settings(max_examples=80, deadline=None)
@given(rights)
def test_what_is_written_is_read_again(written: pb.Rights) -> None:
    """Every value: names that look like numbers, days or truths, titles in any script, quotas in odd seconds."""
    assert written == parse_rights(rights_text(written)).message


@given(st.integers(0, 9_999_999_999), st.integers(1, 86_400))
def test_a_quota_is_read_as_it_was_written(calls: int, seconds: int) -> None:
    """In the units that there are, and in seconds otherwise."""
    assert (calls, seconds) == read_quota(write_quota(calls, seconds))


@given(st.text())
def test_what_is_quoted_is_one_printable_line(text: str) -> None:
    """And short, whatever it is."""
    shown = quoted(text)

    assert shown.isprintable()
    assert shown.startswith('"')
    assert len(shown) <= 60 * 10 + 40
