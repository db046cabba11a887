"""What moved between two weeks: every kind of fault is seen under its name, and a week like the last one is silent."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.drift import effects, find_changes, measure, score_effects, usual_effects
from pipeline.drift.kinds import KINDS, Effect
from pipeline.drift.profile import BINS, SAMPLE, Filled, Month, Profile, Scores, Spread, TableProfile
from pipeline.examples.features import declared
from pipeline.playbooks.config.channels import CONSENTS
from pipeline.tables import schemas
from tests.company import ROOT
from tests.drawing import drawn
from tests.profiles import examples

DRIFT = params.load(ROOT / "params.yaml").drift
KIND_SHARES = {"event_type": {"visit": 0.6, "login": 0.4}, "channel": {"web": 0.5, "shop": 0.5}}
MONTHS = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]


def table(rows: int = 1000, **changes: object) -> TableProfile:
    months = {month: Month(rows, rows // 4, 100 * rows) for month in MONTHS}
    columns = {"category": Filled(0.9, 0.9, True), "discount_minor": Filled(0.3, 0.3, True, 120.0, 300.0)}
    return replace(TableProfile(rows * len(MONTHS), months, columns, KIND_SHARES, [rows] * 13, 0.02), **changes)


LAST = Profile(
    as_of=date(2024, 1, 8), cutoff=date(2023, 12, 11), forgotten_customers=0,
    tables={"transactions": table(), "events": table(200), "customers": table(0, months={}, kinds={}, weeks=[], negative=None),
            "surveys": table(50, kinds={}, columns={"score": Filled(0.6, 0.6, True, 7.0, 2.5)}, negative=None),
            "tickets": table(50, kinds={}, columns={"resolved_day": Filled(0.8, 0.5, True)}, negative=None)},
    registered=0.98, consents={"email_opt_in": (0.95, 0.6), "phone_opt_in": (0.5, 0.3)},
    features={"orders_90d": Spread(4.0, 2.0, 0.0), "nps_latest": Spread(7.0, 1.5, 0.6)},
    scores=Scores("m1", 5000, 900.0, [1 / BINS] * BINS), effects={},
)  # fmt: skip
SAMPLED = pl.DataFrame(
    {
        **{"customer_id": [f"c{n}" for n in range(500)], "rows": [9] * 500, "amount_minor": range(500)},
        **{"first_day": [date(2022, 3, 1)] * 500, "name_hash": range(500), "owner_hash": [n % 7 for n in range(500)]},
        **{name: [n % 2 == 0 for n in range(500)] for name in CONSENTS},
    },
    schema=SAMPLE,
)


def with_table(name: str, change: Callable[[TableProfile], TableProfile]) -> Profile:
    return replace(LAST, tables=LAST.tables | {name: change(LAST.tables[name])})


def with_months(name: str, change: Callable[[Month], Month], of: list[str] = MONTHS) -> Profile:
    return with_table(
        name, lambda one: replace(one, months={m: change(x) if m in of else x for m, x in one.months.items()})
    )


def with_column(name: str, filled: Filled | None) -> Profile:
    return with_table("transactions", lambda one: replace(one, columns=one.columns | {name: filled} if filled else {
        other: there for other, there in one.columns.items() if other != name}))  # fmt: skip


FAULTS: dict[str, tuple[Profile, str]] = {
    "a year of history is not there": (with_months("transactions", lambda m: Month(0, 0, 0), MONTHS[:12]), "history_shrank"),
    "a twentieth of every month is gone": (with_months("events", lambda m: Month(m.rows * 19 // 20, m.customers, 0)), "history_shrank"),
    "a week of one month is gone": (with_months("events", lambda m: Month(m.rows * 3 // 4, m.customers, 0), MONTHS[3:4]), "history_shrank"),
    "everything came twice": (with_months("transactions", lambda m: Month(2 * m.rows, m.customers, 2 * m.amount_minor)), "history_grew"),
    "amounts in cents": (with_months("transactions", lambda m: replace(m, amount_minor=100 * m.amount_minor)), "amounts_changed"),
    "amounts with the other sign": (with_months("transactions", lambda m: replace(m, amount_minor=-m.amount_minor)), "amounts_changed"),
    "one month without its refunds": (with_months("transactions", lambda m: replace(m, amount_minor=2 * m.amount_minor), MONTHS[3:4]), "amounts_changed"),
    "a table is gone": (replace(LAST, tables={n: t for n, t in LAST.tables.items() if n != "events"}), "table_gone"),
    "a column is empty": (with_column("category", Filled(0.0, 0.0, False)), "column_emptied"),
    "a column is not mapped any more": (with_column("category", None), "column_emptied"),
    "a column has become empty of late": (with_column("category", Filled(0.88, 0.1, True)), "column_emptied"),
    "requests are open again": (with_table("tickets", lambda t: replace(t, columns={"resolved_day": Filled(0.77, 0.5, True)})), "outcomes_undone"),
    "orders of other customers": (replace(LAST, familiar={"store_id": [(0.8, 500), (0.97, 500), (0.96, 400)]}), "habits_changed"),
    "a number is another one": (with_column("discount_minor", Filled(0.3, 0.3, True, 180.0, 300.0)), "column_moved"),
    "scores are on another scale": (with_table("surveys", lambda t: replace(t, columns={"score": Filled(0.6, 0.6, True, 70.0, 25.0)})), "column_rescaled"),
    "a column says one thing": (with_column("category", Filled(0.9, 0.9, False)), "column_constant"),
    "an event type has another name": (with_table("events", lambda t: replace(t, kinds={"event_type": {"view": 0.6, "login": 0.4}})), "kind_gone"),
    "nothing comes from the web": (with_table("transactions", lambda t: replace(t, kinds={"channel": {"shop": 1.0}})), "channel_gone"),
    "a steady feed at two thirds": (with_table("transactions", lambda t: replace(t, weeks=[650, *[1000] * 12])), "volume_moved"),
    "sales come as refunds": (with_table("transactions", lambda t: replace(t, negative=0.98)), "refunds_moved"),
    "half of the register": (replace(LAST, registered=0.49), "register_fell"),
    "no register": (replace(LAST, registered=None), "register_fell"),
    "a column of consent is empty": (replace(LAST, consents=LAST.consents | {"email_opt_in": (0.0, 0.0)}), "consent_lost"),
    "consent of a twentieth is gone": (replace(LAST, consents=LAST.consents | {"phone_opt_in": (0.475, 0.3)}), "consent_lost"),
    "everybody agrees": (replace(LAST, consents=LAST.consents | {"phone_opt_in": (0.5, 1.0)}), "consent_moved"),
    "a feature jumps": (replace(LAST, features=LAST.features | {"orders_90d": Spread(5.5, 2.0, 0.0)}), "feature_moved"),
    "a feature is missing": (replace(LAST, features=LAST.features | {"orders_90d": Spread(4.0, 2.0, 0.5)}), "feature_missing"),
    "scores bunch": (replace(LAST, scores=replace(LAST.scores, shares=[0.55, *[0.05] * (BINS - 1)])), "scores_moved"),
    "many more churners": (replace(LAST, scores=replace(LAST.scores, expected_churners=1400.0)), "churners_moved"),
    "half of the customers": (replace(LAST, scores=replace(LAST.scores, customers=2500, expected_churners=450.0)), "customers_moved"),
}  # fmt: skip


def found(now: Profile, sample: pl.DataFrame = SAMPLED, last: Profile = LAST) -> dict[str, bool]:
    return {one.kind: one.stops for one in find_changes(measure(last, now, SAMPLED, sample), [], DRIFT, ())}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_seen_under_its_name(fault):
    now, kind = FAULTS[fault]
    kinds = found(now)
    assert kind in kinds and set(kinds) <= {kind, "history_shrank", "amounts_changed", "column_moved"}, kinds
    assert kinds[kind] == (DRIFT.check(kind).action == "stop")


def test_what_is_the_same_for_a_whole_region_is_not_held_to_how_far_regions_are_apart():
    last = replace(LAST, features=LAST.features | {"market_trend_30d": Spread(0.844, 0.05, 0.0)})
    now = replace(LAST, features=LAST.features | {"market_trend_30d": Spread(0.882, 0.05, 0.0)})
    assert found(now, last=last) == {}
    gone = replace(LAST, features=LAST.features | {"market_trend_30d": Spread(None, None, 1.0)})
    assert found(gone, last=last) == {"feature_missing": False}


def test_the_features_of_a_region_are_those_of_the_market():
    known = {f.name: f.family for f in declared(params.load(ROOT / "params.yaml").features) if not f.is_part}
    of_market = {name for name, family in known.items() if family == "market"}
    assert of_market and of_market == {name for name in known if name.startswith(score_effects.OF_A_REGION)}


def test_every_kind_has_a_fault_and_settings():
    assert {kind for _, kind in FAULTS.values()} | {
        "customers_changed", "names_changed", "owners_changed", "consent_turned",
    } == set(KINDS)  # fmt: skip
    assert all(DRIFT.check(kind) for kind in KINDS)


def test_customers_with_other_ids_or_other_pasts_are_other_customers():
    renamed = SAMPLED.with_columns(customer_id=pl.lit("x") + "1" + pl.col("customer_id"))
    assert found(LAST, SAMPLED.join(renamed, on="customer_id", how="semi")) == {"customers_changed": True}
    mixed = SAMPLED.with_columns(pl.col("amount_minor").shuffle(seed=1))
    assert found(LAST, mixed) == {"customers_changed": True}
    later = SAMPLED.with_columns(pl.col("first_day").dt.offset_by("1d"))
    assert found(LAST, later) == {"customers_changed": True}
    assert found(LAST, SAMPLED.head(490)) == {}


def test_names_and_owners_of_others_are_seen():
    assert found(LAST, SAMPLED.with_columns(pl.col("name_hash").shuffle(seed=1))) == {"names_changed": True}
    assert found(LAST, SAMPLED.with_columns(owner_hash=pl.lit(9, pl.UInt64))) == {"owners_changed": False}
    assert found(LAST, SAMPLED.with_columns(name_hash=pl.lit(None, pl.UInt64))) == {}, (
        "a column that emptied is another kind"
    )


def test_a_refusal_that_became_an_agreement_is_seen_and_no_other_change_of_consent():
    def answered(change: pl.Expr) -> dict[str, bool]:
        return found(LAST, SAMPLED.with_columns(change.alias("email_opt_in")))

    number, agreed = pl.int_range(pl.len()), pl.col("email_opt_in")
    assert answered(agreed | (number < 12)) == {"consent_turned": True}, "6 of 500"
    assert answered(agreed | (number < 8)) == {}, "4 of 500: less than one in a hundred"
    assert answered(agreed & (number < 100)) == {}, "whoever takes a consent back is not contacted"
    assert answered(pl.lit(None, pl.Boolean)) == {}, "a consent that is forgotten is another kind"


@pytest.mark.parametrize(
    ("windows", "is_seen"),
    [
        ([(0.8, 500), (0.97, 500), (0.96, 400)], True),
        ([(0.93, 500), (0.97, 500), (0.96, 400)], False),
        ([(0.5, 99), (0.97, 500)], False),
        ([(0.99, 500), (0.7, 500)], False),
        ([(0.6, 120), (0.7, 300)], False),
        ([(0.0, 500), (0.0, 500)], False),
    ],
)
def test_habits_that_break_by_more_than_chance(windows, is_seen):
    kinds = found(replace(LAST, familiar={"store_id": windows}))
    assert kinds == ({"habits_changed": False} if is_seen else {})


def test_a_column_of_which_an_earlier_release_kept_no_mean_is_not_compared():
    before = with_column("discount_minor", Filled(0.3, 0.3, True))
    assert Profile.from_json(json.loads(json.dumps(before.as_json()))) == before
    moved = measure(before, LAST, SAMPLED, SAMPLED) + measure(LAST, before, SAMPLED, SAMPLED)
    assert not [one for one in moved if one.name == "column_moved transactions.discount_minor"]


@pytest.mark.parametrize(("weeks", "is_seen"), [([10] * 9, False), ([1000] * 9, True)])
def test_few_recent_rows_are_emptier_by_chance(weeks, is_seen):
    def of(recent: float) -> Profile:
        table = LAST.tables["transactions"]
        columns = table.columns | {"category": Filled(0.9, recent, True)}
        return replace(LAST, tables=LAST.tables | {"transactions": replace(table, weeks=weeks, columns=columns)})

    moved = {one.name: one.size for one in measure(of(0.9), of(0.75), SAMPLED, SAMPLED)}
    size = moved["column_emptied transactions.category"]
    assert (size > DRIFT.check("column_emptied").limit) is is_seen


def test_a_week_is_unusual_beside_the_weeks_before_it():
    def volume(*weeks: int) -> set[str]:
        return {*found(with_table("transactions", lambda t: replace(t, weeks=[*weeks])))}

    lively = [1000, 1500, 700, 1200, 900, 1300, 800, 1100, 1000, 1600, 700, 1000]
    assert volume(600, *[1000] * 12) == volume(1400, *[1000] * 12) == {"volume_moved"}
    assert (
        volume(800, *[1000] * 12) == volume(600, *lively) == volume(10, *[1000] * 5) == volume(5, *[20] * 12) == set()
    )
    assert volume(100, *lively) == {"volume_moved"}


def test_a_week_like_the_last_one_is_silent_and_so_are_late_rows():
    assert found(LAST) == {}
    late = with_months("transactions", lambda m: Month(3 * m.rows, m.customers, 3 * m.amount_minor), MONTHS[-1:])
    assert found(late) == {}, "December is not over when the cutoff is in it"


def test_a_month_may_lose_more_than_all_of_history():
    fewer = with_months("events", lambda m: replace(m, rows=m.rows - m.rows // 11), MONTHS[3:4])
    assert found(fewer) == {}
    gone = measure(LAST, FAULTS["a week of one month is gone"][0], SAMPLED, SAMPLED)
    words = [effect.words for effect in gone if effect.kind == "history_shrank" and effect.size > 0.02]
    rows = LAST.tables["events"].months[MONTHS[3]].rows
    assert [str(each) for each in words] == [f"events: {rows} rows of {MONTHS[3]} last time, {rows * 3 // 4} now"]


@pytest.mark.parametrize(("days", "forgotten", "seen"), [(7, 0, True), (14, 0, True), (8, 0, False), (7, 1, False)])
def test_a_week_that_no_month_shows_yet(days, forgotten, seen):
    """Five weeks before the last list; its month is not over long enough to be held to."""
    weeks = [1000] * 13
    last = with_table("transactions", lambda t: replace(t, weeks=weeks))
    lost = [*weeks[: 4 + days // 7], 500, *weeks[5 + days // 7 :]]
    now = with_table("transactions", lambda t: replace(t, weeks=lost))
    now = replace(now, as_of=LAST.as_of + timedelta(days=days), forgotten_customers=forgotten)
    assert found(now, last=last).get("history_shrank", False) == seen


def test_forgotten_customers_are_no_loss():
    fewer = with_months("transactions", lambda m: Month(m.rows - 100, m.customers - 3, m.amount_minor - 10_000))
    assert found(replace(fewer, forgotten_customers=3)) == {}
    assert found(replace(fewer, forgotten_customers=2)) == {"history_shrank": True, "amounts_changed": True}
    assert "history_shrank" in found(replace(FAULTS["a year of history is not there"][0], forgotten_customers=3))


@examples(60)
@given(st.floats(0, 1), st.floats(0, 1), st.lists(st.floats(0, 0.5), max_size=4))
def test_the_limit_is_the_setting_or_what_is_usual_here(size, other, earlier):
    effects = [Effect("history_shrank", "events", size, "words"), Effect("kind_gone", "events visit", other, "more")]
    weeks = [{"history_shrank events": before} for before in earlier]
    stops = {one.kind for one in find_changes(effects, weeks, DRIFT, ())}
    assert ("history_shrank" in stops) == (size > max(0.02, 3 * max(earlier, default=0)))
    assert ("kind_gone" in stops) == (other > 0.9)
    told = find_changes(effects, weeks, DRIFT, {"history_shrank"})
    assert {one.kind for one in told} == stops and not any(one.stops for one in told)


def test_what_somebody_answered_for_once_widens_no_limit():
    big = [Effect("history_shrank", "events", 0.5, "words"), Effect("feature_moved", "x", 0.9, "words")]
    small = [Effect("history_shrank", "events", 0.01, "words"), Effect("history_grew", "events", 0.0, "")]
    assert usual_effects(big, DRIFT) == {"feature_moved x": 0.9}
    assert usual_effects(small, DRIFT) == {"history_shrank events": 0.01}


def test_a_profile_comes_back_from_its_file():
    assert Profile.from_json(json.loads(json.dumps(LAST.as_json()))) == LAST


def test_of_one_kind_three_are_named():
    words = [Effect("feature_moved", f"f{n}", 1.0 + n, f"f{n} moved") for n in range(5)]
    (one,) = find_changes(words, [], DRIFT, ())
    assert str(one.words) == "f4 moved; f3 moved; f2 moved (and 2 more)"


OUTCOMES = """
    | rows | known | rows now | known now | size | why                                                          |
    | 1000 | 0.5   | 1010     | 0.5       | 0    | ten more rows, and five more outcomes                        |
    | 1000 | 0.5   | 1010     | 0.45      | 0.09 | 454 or 455 of 500 are left                                   |
    | 1000 | 0.5   | 1000     | 0.0       | 1    | none is left                                                 |
    | 1000 | 0.5   | 1000     | -         | 1    | nor is the column                                            |
    | 1000 | 0.5   | 900      | 0.5       | 0    | rows that are gone are another kind, and not counted twice   |
    | 1000 | 0.5   | 900      | 0.4       | 0.2  | 360 of 450                                                   |
    | 1000 | 0.019 | 1000     | 0.0       | -    | 19 may be undone by hand                                     |
    | 1000 | 0.02  | 1000     | 0.0       | 1    | 20 may not                                                   |
    | 0    | 0     | 1000     | 0.5       | -    | there was nothing to lose                                    |
"""


@pytest.mark.parametrize("case", drawn(OUTCOMES), ids=lambda case: case["why"])
@pytest.mark.parametrize(("name", "column"), [("subscriptions", "cancel_day"), ("commitments", "kept_day")])
def test_what_came_of_a_row_stays_known(case, name, column):
    columns = [
        {} if known == "-" else {column: Filled(float(known), None, True)}
        for known in (case["known"], case["known now"])
    ]
    then, now = (
        replace(LAST, tables={name: TableProfile(int(rows), {}, there, {}, [], None)})
        for rows, there in zip((case["rows"], case["rows now"]), columns, strict=True)
    )
    sizes = [one.size for one in measure(then, now, SAMPLED, SAMPLED) if one.kind == "outcomes_undone"]
    assert sizes == ([] if case["size"] == "-" else [pytest.approx(float(case["size"]), abs=0.005)])


def test_the_columns_that_say_what_came_of_a_row_are_stored_under_these_names():
    """A renamed column would be looked for in vain, and nothing would ever stop."""
    for name, columns in effects.OUTCOMES.items():
        stored = {column.stored for column in schemas.TABLES[name].columns if column.kind == "day"}
        assert set(columns) <= stored, f"{name} stores {sorted(stored)}; write those names in effects.OUTCOMES"


RESCALED = """
    | column | rows | mean | deviation | now    | deviation now | size | why                                            |
    | score  | 1000 | 7    | 2.5       | 70     | 25            | 2.52 | ten times: nine times the mean, of the larger  |
    | price  | 1000 | 17   | 10        | 1700   | 1000          | 1.68 | in cents                                       |
    | pieces | 1000 | 1.6  | 0.8       | -1.6   | 0.8           | 4    | the other sign                                 |
    | flag   | 1000 | 0.1  | 0.3       | 1      | 0             | 3    | all of them                                    |
    | score  | 1000 | 7    | 2.5       | 7.1    | 2.5           | 0.04 | a good week                                    |
    | pieces | 1000 | 1    | 0.01      | 2      | 31.6          | 0.03 | one order of a thousand pieces                 |
    | score  | 99   | 7    | 2.5       | 70     | 25            | -    | too few to tell                                |
    | pieces | 1000 | 1    | 0         | 3      | 2             | 1    | always the same until now                      |
    | pieces | 1000 | 1    | 0         | 1.01   | 0.1           | 0.1  | one in a hundred is another                    |
    | term   | 1000 | 365  | 0         | 730    | 0             | 1    | always the same, and always twice as much      |
    | term   | 1000 | 365  | 0         | 365    | 0             | -    | as ever                                        |
"""


@pytest.mark.parametrize("case", drawn(RESCALED), ids=lambda case: case["why"])
def test_a_column_on_another_scale_is_told_from_a_good_week_and_from_one_huge_value(case):
    then, now = (
        Filled(1.0, None, True, float(case[mean]), float(case[deviation]))
        for mean, deviation in (("mean", "deviation"), ("now", "deviation now"))
    )
    before, after = (
        replace(LAST, tables={"surveys": TableProfile(int(case["rows"]), {}, {case["column"]: filled}, {}, [], None)})
        for filled in (then, now)
    )
    sizes = [one.size for one in measure(before, after, SAMPLED, SAMPLED) if one.kind == "column_rescaled"]
    assert sizes == ([] if case["size"] == "-" else [pytest.approx(float(case["size"]), abs=0.005)])


def test_days_are_told_by_how_long_after_their_row_they_lie():
    then, now = (Filled(0.8, 0.5, True, mean, 30.0) for mean in (365.0, 730.0))
    before, after = (
        replace(LAST, tables={"subscriptions": TableProfile(1000, {}, {"renewal_day": filled}, {}, [], None)})
        for filled in (then, now)
    )
    moved = {one.kind: one for one in measure(before, after, SAMPLED, SAMPLED)}
    words = "subscriptions.renewal_day: 365 days after its row on average last time, 730 now"
    assert str(moved["column_rescaled"].words) == words
    assert moved["column_rescaled"].size == pytest.approx(365 / 30)
