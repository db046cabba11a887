"""The phrasebook and the features agree: who can be told has a sentence, and no sentence speaks of what is not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.params import Features
from pipeline.examples.features import Aggregate, Feature, Formula, declared
from pipeline.reasons.phrases import PHRASES, find_phrases, purchases, relationship
from pipeline.reasons.phrases.lookup import find_entry
from pipeline.value.purchase_process import P_NO_PURCHASE
from tests.drawing import drawn

ADD = 'add an entry to pipeline/reasons/phrases/purchases.py or relationship.py, such as "quantity_{window}d"'


def features(event_types: list[str]) -> list[Feature]:
    """Everything a reason can be about in a company that has all there is, with names of its own."""
    settings = Features(
        windows_days=[7, 30, 90, 180, 365],
        event_types=event_types,
        warning_types=event_types,
        usage_types=event_types,
        ticket_topics=dict.fromkeys(event_types, "C09"),
        allow_treatment=True,
    )
    return [feature for feature in [*declared(settings), P_NO_PURCHASE] if not feature.is_part]


EVERY = features(["visit", "card_open"])


def test_every_feature_that_is_told_has_a_phrase():
    silent = [feature.name for feature in EVERY if feature.risk != "none" and not find_phrases(feature, PHRASES)]
    assert not silent, f"{silent} can be a reason, and nothing says it: {ADD}, or leave their `risk` at none"


def test_every_phrase_is_of_a_declared_feature():
    stray = set(PHRASES) - {find_entry(feature, PHRASES) for feature in EVERY}
    assert not stray, f"pipeline/reasons/phrases: no declared feature has the name {stray}; rename or remove the entry"


def test_every_phrase_speaks_of_declared_features():
    names = {feature.name for feature in EVERY}
    for feature in EVERY:
        for phrase in find_phrases(feature, PHRASES):
            strangers = set(phrase.features) - names
            assert not strangers, (
                f"pipeline/reasons/phrases: {find_entry(feature, PHRASES)!r} speaks of {strangers}, which no file of "
                "pipeline/examples/features/ declares; write the name of a feature into {...}"
            )


def test_no_entry_stands_in_two_places():
    groups = [
        group for module in (purchases, relationship) for name, group in vars(module).items()
        if isinstance(group, dict) and name.isupper() and name != "PHRASES"
    ]  # fmt: skip
    assert sum(map(len, groups)) == len(PHRASES), "a name has two entries under pipeline/reasons/phrases; keep one"


COUNT = Aggregate("sum", "event", "events", 30, item="price_trend")
BOOK = {
    "events_{window}d": "{number} in the last {window}",
    "events_30d": "lately {number}",
    "events_{told}_{window}d": "{number} {told} in the last {window}",
    "events_{told}_trend_{window}d": "{told}: {number=events_{told}_30d}, {before=events_{told}_ever} before {window=9}",
}
READ = """
    | name                    | counts      | phrase                                                                   | why                                       |
    | events_90d              |             | {number=events_90d} in the last {window=90}                              | one entry serves every window             |
    | events_30d              |             | lately {number=events_30d}                                               | what spells out more comes first          |
    | events_card_open_30d    | card_open   | {number=events_card_open_30d} {told='card open'} in the last {window=30} | names are written as people write them    |
    | events_visit_trend_30d  |             | {told='visit'}: {number=events_visit_30d}, {before=events_visit_ever} before {window=9} | features of the same type  |
    | events_price_trend_30d  | price_trend | {number=events_price_trend_30d} {told='price trend'} in the last {window=30} | it counts price trends                |
    | events_404_30d          | 404         | {number=events_404_30d} {told='404'} in the last {window=30}             | a name of digits is no window             |
    | spend_30d               |             |                                                                          | nothing is said of it                     |
"""


@pytest.mark.parametrize("case", drawn(READ), ids=lambda case: case["why"])
def test_what_an_entry_says_of_a_feature(case):
    how = Aggregate("sum", "event", "events", 30, item=case["counts"]) if case["counts"] else Formula("1")
    phrases = find_phrases(Feature(case["name"], "items", "engagement", how, ""), BOOK)
    assert "".join(map(str, phrases)) == case["phrase"]


@given(
    types=st.lists(
        st.from_regex(r"[a-z]+(_(trend|per_usual_gap|31_to_120d|[a-z]+|30d))?", fullmatch=True),
        min_size=1,
        max_size=2,
        unique=True,
    )
)
def test_whatever_a_company_calls_its_events_no_phrase_speaks_of_another_type(types):
    everything = features(types)
    names = {feature.name for feature in everything}
    for feature in everything:
        for phrase in find_phrases(feature, PHRASES):
            assert set(phrase.features) <= names
