"""Facts about lists: order, pages, streams, the past, coverage."""

import datetime as dt

from kruispunt.conformance.facts import equal, fact, refused, true
from kruispunt.conformance.world import DAY, INCOME, OPEN, PAYMENT, PENSIONS_REF, WELFARE_REF, World
from kruispunt.period import Period
from kruispunt.values import PersonStatus

_MOMENT = dt.timedelta(microseconds=1)


@fact
def a_list_is_in_order_whatever_its_pages(world: World) -> None:
    """Pages of one list hold each dossier once, by sector, institution, capacity and begin."""
    person = world.person()
    for capacity in (3, INCOME):
        world.welfare.register_dossier(person, capacity=capacity, phase=10, period=OPEN)
    world.pensions.register_dossier(person, capacity=PAYMENT, phase=20, period=OPEN)
    paged = list(world.welfare.list_dossiers(person, valid_at=DAY, page_size=1).pages())

    equal([1, 1, 1], [len(page.items) for page in paged], "rows of the pages")
    equal([False, False, True], [page.complete for page in paged], "whether they are the last")
    keys = [(each.institution, each.capacity) for page in paged for each in page.items]
    equal([(PENSIONS_REF, PAYMENT), (WELFARE_REF, INCOME), (WELFARE_REF, 3)], keys, "order")


@fact
def pages_are_of_one_instant(world: World) -> None:
    """What is registered between two pages is in none of them."""
    person = world.person()
    world.welfare.register_dossier(person, capacity=INCOME, phase=10, period=OPEN)
    world.welfare.register_dossier(person, capacity=3, phase=10, period=OPEN)
    pages = world.welfare.list_dossiers(person, valid_at=DAY, page_size=1).pages()
    first = next(pages)
    later = Period(dt.date(2021, 1, 1))
    world.welfare.register_dossier(person, capacity=1, phase=10, period=later)
    world.welfare.register_dossier(person, capacity=7, period=later)
    rest = [each.capacity for page in pages for each in page.items]

    equal([INCOME, 3], [each.capacity for each in first.items] + rest, "capacities")


@fact
def a_page_token_is_of_its_query(world: World) -> None:
    """A page token of another person's list is refused."""
    tokens = []
    for _ in range(2):
        person = world.person()
        for capacity in (INCOME, 3):
            world.welfare.register_dossier(person, capacity=capacity, phase=10, period=OPEN)
        page = world.welfare.list_dossiers(person, valid_at=DAY, page_size=1).first()
        tokens.append((person, page.next_page_token))

    refused(
        "PAGE_TOKEN_INVALID",
        lambda: world.welfare.list_dossiers(
            tokens[0][0], valid_at=DAY, page_size=1, page_token=tokens[1][1]
        ).first(),
        field="page_token",
    )


@fact
def the_past_is_told_as_it_was_known(world: World) -> None:
    """What was known at an instant is told as it was known, also after it changed."""
    first = world.held()
    change = world.welfare.update_dossier(first.ssin, first.dossier_id, phase=20)
    assert first.record_time is not None
    assert change.dossier.record_time is not None
    seen = [
        [each.phase for each in world.welfare.list_dossiers(first.ssin, valid_at=DAY, known_at=instant)]
        for instant in (first.record_time - _MOMENT, first.record_time, change.dossier.record_time)
    ]

    equal([[], [10], [20]], seen, "phases before, at first, and after")


@fact
def the_future_is_not_known(world: World) -> None:
    """Nobody is told what will be known."""
    instant = dt.datetime.now(dt.UTC) + dt.timedelta(days=4000)

    refused(
        "TIME_IN_FUTURE",
        lambda: world.welfare.list_dossiers(world.person(), known_at=instant).first(),
        field="known_at",
    )


@fact
def a_stream_answers_each_number(world: World) -> None:
    """A stream answers each number in its order, and says which is none."""
    held, free = world.held().ssin, world.person()
    answers = list(world.welfare.resolve_dossiers([held, "85073003329", free], valid_at=DAY))

    equal(
        [PersonStatus.FOUND, PersonStatus.NUMBER_MALFORMED, PersonStatus.NO_DOSSIER],
        [each.status for each in answers],
        "statuses",
    )
    equal([1, 0, 0], [len(each.dossiers) for each in answers], "dossiers")


@fact
def a_list_is_narrowed_by_what_is_asked(world: World) -> None:
    """A list of one sector holds nothing of another."""
    first = world.held()
    world.pensions.register_dossier(first.ssin, capacity=PAYMENT, phase=20, period=OPEN)
    listed = world.welfare.list_dossiers(first.ssin, valid_at=DAY, sector=5)

    equal([PENSIONS_REF], [each.institution for each in listed], "institutions")


@fact
def coverage_tells_until_when_an_institution_told(world: World) -> None:
    """What an institution declares to have told is in the coverage of it alone."""
    (before,) = world.welfare.get_coverage(sector=17, institution=101)
    until = dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    world.welfare.reconfirm_dossiers(synchronised_until=until)
    (after,) = world.welfare.get_coverage(sector=17, institution=101)

    true(before.synchronised_until is None or before.institution == after.institution, "another institution")
    equal(until, after.synchronised_until, "synchronised_until")


@fact
def code_tables_are_listed_whole(world: World) -> None:
    """Pages of the sectors hold each sector once, and the last says that it is the last."""
    whole = [each.code for each in world.welfare.knowledge.list_sectors()]
    pages = list(world.welfare.knowledge.list_sectors(page_size=5).pages())

    equal(whole, [each.code for page in pages for each in page.items], "sectors")
    equal(sorted(set(whole)), whole, "order of the sectors")
    true(pages[-1].complete, "the last page does not say so")
