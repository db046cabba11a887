"""Whatever a company calls its events and topics: they are counted, features have plain names, people read their own."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.params import Features
from pipeline.config.slugs import slug
from pipeline.examples.features import declared, engagement, service
from pipeline.i18n import ENGLISH
from pipeline.lists import page_data
from pipeline.reasons.phrases import PHRASES
from pipeline.reasons.templates import PhraseTemplates
from tests import bucket
from tests.oracle import Event, Line
from tests.oracle_records import Records, Ticket
from tests.profiles import examples

DAY = date(2024, 6, 1)
NAMES = [
    "login", "Call me", "Ticket: opened (web)", "Rückgabe", "返品", "it's {odd}", "a'; DROP TABLE x; --", "404", "yes",
    "events_visit", "Log-in", "Log in", "50% off {number}", "مرحبا", "trailing'",
]  # fmt: skip


def settings(names: list[str], **more: object) -> Features:
    empty = {"windows_days": [7, 30, 90, 180, 365], "warning_types": [], "usage_types": [], "ticket_topics": {}}
    return Features(**{**empty, "event_types": names, "allow_treatment": False, **more})


def test_events_of_any_name_are_counted_each_by_itself(tmp_path):
    lines = [Line("ann", "o1", DAY - timedelta(days=3), 100)]
    # The first name once, the second twice, ...: a count that is of another type cannot be right.
    events = [Event("ann", DAY - timedelta(days=2), name) for n, name in enumerate(NAMES, 1) for _ in range(n)]
    bucket.write(tmp_path / "tables", lines, events)
    features = engagement.features(settings(NAMES))
    rows, _ = bucket.run(tmp_path / "tables", [DAY], bucket.snapshots(DAY), features=features)
    assert {name: rows[f"events_{slug(name)}_30d"].item() for name in NAMES} == {
        name: n for n, name in enumerate(NAMES, 1)
    }


def test_topics_of_any_name_are_counted_and_left_out_of_other_complaints(tmp_path):
    topics = ["it's broken", "請求: 誤り", "Wie geht das?"]
    tickets = [
        Ticket("ann", f"t{n}", DAY - timedelta(days=n + 2), topic=topic, complaint=True)
        for n, topic in enumerate([*topics, topics[0], "Lieferung"])
    ]
    bucket.write(tmp_path / "tables", [Line("ann", "o1", DAY - timedelta(days=3), 100)], [], None, Records(tickets))
    features = service.features(settings([], ticket_topics=dict.fromkeys(topics, "C09")))
    wanted = [one for one in features if one.family.startswith("about_") or one.name == "complaints_90d"]
    rows, _ = bucket.run(tmp_path / "tables", [DAY], bucket.snapshots(DAY), features=wanted)
    assert [rows[f"tickets_{slug(topic)}_90d"].item() for topic in topics] == [2, 1, 1]
    assert rows["complaints_90d"].item() == 1


@pytest.mark.parametrize("name", NAMES)
def test_people_read_the_name_itself(name):
    every = {one.name: one for one in declared(settings([name], usage_types=[name], ticket_topics={name: "C09"}))}
    templates = PhraseTemplates(list(every.values()), "EUR", PHRASES)
    for feature in (f"events_{slug(name)}_90d", f"uses_{slug(name)}_30d", f"tickets_{slug(name)}_90d"):
        (phrase,) = templates.phrases[feature]
        assert phrase.slots["told"] == f"'{name.replace('_', ' ')}'"
        assert name.replace("_", " ") in templates._part(phrase.slots["told"], ENGLISH)
    words = page_data._family(f"about_{slug(name)}", ENGLISH, {slug(name): name})
    assert words == f"About {name.replace('_', ' ')}"


@examples(50)
@given(st.lists(st.text(min_size=1, max_size=30), max_size=5))
def test_names_of_features_are_plain_and_stay_whatever_else_there_is(names):
    for name in names:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", slug(name))
        assert slug(slug(name)) == slug(name)
    different = set(names) - {slug(name) for name in names}
    assert len({slug(name) for name in different}) == len(different)


REFUSED = {
    "an empty name": [""], "blanks around": [" login"], "two lines": ["a\nb"], "the same twice": ["login", "login"],
    "what another becomes": ["Call me", slug("Call me")],
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_name_is_refused(case):
    with pytest.raises(ValueError, match="event_types|would be one name of features"):
        settings(REFUSED[case])


def test_usual_bad_news_speaks_for_its_cause_however_it_is_written():
    (first, _) = engagement._warnings("Unsubscribe")
    assert (first.name, first.causes) == (f"warnings_{slug('Unsubscribe')}_30d", ("C33",))
