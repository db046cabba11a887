"""No impossible sentence: whatever a customer's history, each claim of a reason holds in the raw rows.

The sentences are made by the product from the features of its engine. What they claim is read back from their text, and
held against plain Python over the rows of that customer: numbers, days, counts, directions, and what is said in words.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.params import Reasons
from pipeline.examples.features import Feature, declared
from pipeline.reasons.evidence_weights import Weight
from pipeline.reasons.phrases import PHRASES, Phrase, find_phrases
from pipeline.reasons.renderer import ReasonRenderer, Style
from tests import bucket, oracle
from tests.oracle import Event, Line
from tests.oracle_records import Records
from tests.profiles import examples as few
from tests.properties.test_features import CUSTOMERS, examples, full_worlds

FEW = few(8)
SETTINGS = Reasons(max_risk_reasons=3, min_contribution=0.05, common_share=0.9, keep="none")
PLACES = ("reason_1", "reason_2", "reason_3", "protects_1")
FAINT = "Nothing stands out; most of all: "
NUMBER = re.compile(r"-?[\d,]+(\.\d+)?")
# What a number is followed by, for one and for many.
NOUNS = {
    **{unit: (unit.removesuffix("s"), unit) for unit in ("days", "orders", "refunds", "pieces", "tickets", "promises")},
    **{unit: (unit.removesuffix("s"), unit) for unit in ("points", "contacts", "surveys", "times")},
    "share": ("%", "%"),
    "currency": ("EUR", "EUR"),
}
FEATURES = {feature.name: feature for feature in declared(bucket.FEATURES) if not feature.is_part}


@dataclass(frozen=True)
class Raw:
    """What is known of a customer without the engine: rows, and plain numbers of them."""

    numbers: dict[str, float | None]
    lines: list[Line]
    events: list[Event]
    records: Records
    snapshot: date

    def __getitem__(self, name: str) -> float:
        value = self.numbers[name]
        assert value is not None, f"{name} is told of, and nobody knows it"
        return float(value)

    def ago(self, day: date) -> int:
        return (self.snapshot - day).days

    @property
    def order_days(self) -> set[date]:
        return {line.day for line in self.lines if line.amount >= 0}

    def has_event(self, days: int, kind: str | None = None) -> bool:
        return any(self.ago(event.day) <= days and kind in (None, event.kind) for event in self.events)


# What is said in words, where it is said -> whether it is so.
IN_WORDS: dict[str, Callable[[Raw], bool]] = {
    "and no second one yet": lambda raw: len(raw.order_days) == 1,
    "and no other event for 30 days": lambda raw: not raw.has_event(30),
    "and no click events for 30 days": lambda raw: not raw.has_event(30, "click"),
    "and not a word": lambda raw: not any(0 < raw.ago(ticket.opened) <= 365 for ticket in raw.records.tickets),
    "less than before": lambda raw: any((raw.numbers[name] or 0) < 0 for name in ("nps_change", "csat_change")),
    "never a reward": lambda raw: (
        not any(move.kind == "reward" and raw.ago(move.day) > 0 for move in raw.records.moves)
    ),
    "never used a point": lambda raw: not any(m.kind == "spend" and raw.ago(m.day) > 0 for m in raw.records.moves),
    "all of one category": lambda raw: len(_categories(raw)) <= 1,
    "never a reward beside them": lambda raw: any(m.kind == "spend" and raw.ago(m.day) > 0 for m in raw.records.moves),
    "worse than the market": lambda raw: raw["orders_trend_against_market_30d"] < 1,
    "the region falls behind the others": lambda raw: raw["market_share_trend_90d"] < 1,
    "something reduced on every day with an order": lambda raw: raw["days_on_reductions_only"] > 0,
    "nothing that was not bought before": lambda raw: raw["days_of_same_products"] > 0,
    "and nobody has answered": lambda raw: any(
        ticket.answered is None or raw.ago(ticket.answered) <= 0 for ticket in raw.records.tickets
    ),
    "hardly seen of late": lambda raw: raw["events_30d"] == raw["events_30d"],
    "customer for": lambda raw: raw["days_since_first_order"] >= 365,
}


def _categories(raw: Raw) -> set[str]:
    return {line.category for line in raw.lines if line.amount >= 0 and raw.ago(line.day) <= 365} - {None}


# Two numbers side by side: the first place, how often it covers the second, and what speaks for the risk.
SIDE_BY_SIDE: dict[str, tuple[str, str, int, str]] = {
    r"last order .+ ago; usually .+ between orders": ("days_since_last_order", "gap_mean_days", 1, "more"),
    r"last order .+ ago; the longest pause before was .+": ("days_since_last_order", "gap_longest_days", 1, "more"),
    r"on average .+ between orders, .+ of late": ("gap_mean_90d_days", "gap_mean_days", 1, "more"),
    r".+ orders? in the last 30 days, .+ orders? in the 90 days before.*": (
        "orders_30d",
        "orders_31_to_120d",
        3,
        "less",
    ),
    r"spent .+ in the last 30 days, .+ in the 90 days before": ("spend_30d", "spend_31_to_120d", 3, "less"),
    r".+ per order over 90 days, .+ over a year": ("spend_per_order_90d", "spend_per_order_365d", 1, "less"),
    r"saved .+ through discounts over 90 days, .+ over a year": (
        "discount_share_90d",
        "discount_share_365d",
        1,
        "more",
    ),
    r"\S+ events? in the last 30 days, .+ in the 90 days before": ("events_30d", "events_31_to_120d", 3, "less"),
    r"\S+ visit events? in the last 30 days, .+ before": ("events_visit_30d", "events_visit_31_to_120d", 3, "less"),
    r"last visit .+ ago; usually .+ in between": (
        "days_since_last_event_visit",
        "event_visit_gap_mean_days",
        1,
        "more",
    ),
    r"waited .+ of late, .+ over all": ("answer_wait_mean_90d_days", "answer_wait_mean_days", 1, "more"),
}


SIDE_BY_SIDE |= {
    rf"{said} in the last {days} days, .+ within a year": (f"{name}_{days}d", f"{name}_365d", 365 // days, "less")
    for days in (7, 30, 90, 180)
    for name, said in {
        "orders": r"\S+ orders?", "spend": "spent .+", "quantity": "bought .+", "products": r"\S+ different products?",
    }.items()
}  # fmt: skip


COUNTED = ("events", "times", "products", "stores", "channels", "teams")


def _pattern(phrase: Phrase) -> re.Pattern[str]:
    """The text of a phrase, for one and for many, with what fills each place."""
    pieces = re.split(r"{(\w+)}", phrase.text)
    return re.compile(
        "".join(f"(?P<{piece}>.+?)" if place % 2 else _for_any_number(piece) for place, piece in enumerate(pieces)),
        re.IGNORECASE,
    )


def _for_any_number(words: str) -> str:
    text = re.escape(words).replace("categories", "categor(?:y|ies)")
    for noun in COUNTED:
        text = text.replace(noun, f"{noun}?")
    return text


CLAIMS = [
    (feature, phrase, _pattern(phrase)) for feature in FEATURES.values() for phrase in find_phrases(feature, PHRASES)
]


def _holds(text: str, feature: Feature, phrase: Phrase, match: re.Match[str], raw: Raw) -> bool:
    return all(_is_so(match[place], filling, raw) for place, filling in phrase.slots.items()) and all(
        holds(raw) for words, holds in IN_WORDS.items() if words in text
    )


def _is_so(told: str, filling: str, raw: Raw) -> bool:
    if filling.startswith("'"):
        return told.casefold() == filling.strip("'")
    if filling.isdigit():
        return told == f"{filling} days"
    value, unit = raw.numbers.get(filling), FEATURES[filling].unit
    number = NUMBER.match(told)
    if value is None or (number is None) != (unit == "yes/no"):
        return False
    if number is None:
        return told == ("yes" if value > 0 else "no")
    written = float(number[0].replace(",", ""))
    truth = value * 100 if unit == "share" else value
    decimals = {"currency": 2 if abs(truth) < 100 else 0, "ratio": 1, "score": 1}.get(unit, 0)
    return abs(written - truth) <= 0.5 * 10**-decimals + 1e-6 and _noun_fits(
        told[number.end() :].strip(), unit, written
    )


def _noun_fits(noun: str, unit: str, written: float) -> bool:
    if unit not in NOUNS:
        return noun in ("", "×")
    one, many = NOUNS[unit]
    return noun == (one if abs(written) == 1 else many)


def _argues(text: str, raw: Raw, *, for_risk: bool) -> bool:
    """Whether two numbers side by side differ the way the sentence is listed for."""
    plain = text[:1].lower() + text[1:]
    for pattern, (now, before, times, risky) in SIDE_BY_SIDE.items():
        if re.fullmatch(pattern, plain):
            more = raw[now] * times > raw[before]
            less = raw[now] * times < raw[before]
            return more if (risky == "more") == for_risk else less
    return True


def _wrong(text: str, family: str, raw: Raw, *, for_risk: bool) -> str | None:
    """What is wrong with a sentence; None where each of its claims holds."""
    bare = text.removeprefix(FAINT)
    readings = [
        (feature, phrase, match)
        for feature, phrase, pattern in CLAIMS
        if feature.family == family and (match := pattern.fullmatch(bare))
    ]
    if not readings:
        return f"{text!r} is no sentence of the phrasebook"
    holding = [reading for reading in readings if _holds(bare, *reading, raw)]
    if not holding:
        named = {name: raw.numbers.get(name) for _, phrase, _ in readings for name in phrase.features}
        return f"{text!r} is not so: {named}"
    if all(_is_nothing(feature, raw, for_risk=for_risk) for feature, _, _ in holding):
        return f"{text!r}: nothing of it argues for nothing"
    return None if _argues(bare, raw, for_risk=for_risk) else f"{text!r} argues the other way"


def _is_nothing(feature: Feature, raw: Raw, *, for_risk: bool) -> bool:
    """Whether a customer has nothing of what, the more there is of it, argues the more for it."""
    return (feature.risk == "up") == for_risk and raw[feature.name] <= 0


def _weights() -> dict[str, Weight]:
    return {name: Weight(0.01, math.log(0.3)) for name, feature in FEATURES.items() if feature.evidence is not None}


@FEW
@given(full_worlds, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 5.0]), st.booleans())
def test_every_claim_of_a_reason_holds_in_the_raw_rows(world, seed, typical, with_evidence):
    (snapshot, lines, events), rows = world
    values = examples(lines, events, [snapshot], bucket.snapshots(snapshot), rows=rows)
    features = [feature for name, feature in FEATURES.items() if name in values.columns]
    style = Style(SETTINGS, "EUR")
    renderer = ReasonRenderer(
        features, {feature.name: typical for feature in features}, style, _weights() if with_evidence else {}
    )
    dice = np.random.default_rng(seed)
    names = {bucket.customer_key(name): name for name in CUSTOMERS}
    # Several draws of what the model makes of the same history, so that every family has its turn.
    for _ in range(6):
        pushes = dice.normal(0, 1, (len(values), len(features))) * (dice.random((1, len(features))) < 0.3)
        told = renderer.tell(values, pushes)
        for row, reasons in zip(values.iter_rows(named=True), told.iter_rows(named=True), strict=True):
            raw = _raw(names[row["customer_key"]], snapshot, lines, events, rows)
            for place in PLACES:
                text = reasons[f"{place}_text"]
                if text is not None:
                    wrong = _wrong(text, reasons[f"{place}_family"], raw, for_risk=place.startswith("reason"))
                    assert wrong is None, f"{place}: {wrong}"


def _raw(name: str, snapshot: date, lines: list[Line], events: list[Event], rows: Records) -> Raw:
    own_lines = [line for line in lines if line.customer == name and line.day < snapshot]
    own_events = [event for event in events if event.customer == name and event.day < snapshot]
    market = oracle.market(lines, snapshot)
    numbers = oracle.features(own_lines, own_events, snapshot, ["visit"], rows.of(name), market)
    return Raw(numbers, own_lines, own_events, rows.of(name), snapshot)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Last order 9 days ago; usually 3 days between orders", "recency"),
        ("2 orders in the last 30 days, 1 order in the 90 days before", "frequency"),
    ],
)
def test_a_wrong_sentence_is_caught(text, family):
    snapshot = date(2024, 1, 1)
    lines = [Line("ann", "o1", date(2023, 12, day), 100) for day in (1, 11, 21)]
    raw = _raw("ann", snapshot, lines, [], Records())
    assert _wrong(text, family, raw, for_risk=True) is not None
    true = "Last order 11 days ago; usually 10 days between orders"
    assert _wrong(true, "recency", raw, for_risk=True) is None
    assert _wrong(true, "recency", raw, for_risk=False) == f"{true!r} argues the other way"
