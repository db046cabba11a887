"""``churn retention``: every figure against the same sum made by hand, and what must hold of any company."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands import retention
from pipeline.commands.retention import Question
from pipeline.config.errors import BadParams, NotEnoughData
from pipeline.retention import rates, revenue, survival
from pipeline.retention.periods import Observed, Period, parse
from pipeline.retention.retention_plots import cohort_picture, survival_picture
from tests.retention.company import END, FIRST, ByHand, Tables, as_dict, random_tables

ACTIVE = 45


@pytest.fixture
def configured(changed):
    """Settings of a company that is looked at over 45 days, by purchases or by contracts."""

    def make(kind: str = "inactivity"):
        given = {"snapshots.active_days": ACTIVE, "snapshots.observed_until": str(END), "label.kind": kind}
        if kind == "cancellation":
            given["sources.subscriptions"] = {"path": "x.csv", "columns": {"customer_id": "c", "start_day": "s"}}
        return changed(**given)

    return make


# ------------------------------------------------------------------------------------- the golden numbers of the articles


@pytest.mark.parametrize(
    ("start", "won", "lost", "end", "excluding_new", "net"),
    [(50, 9, 4, 55, 0.92, 1.10), (100, 0, 1, 99, 0.99, 0.99), (100, 20, 21, 99, 0.79, 0.99)],
)
def test_the_worked_examples_of_the_articles(start, won, lost, end, excluding_new, net):
    of = rates.Flow(start, end, start - lost, lost, won, 0, 0, 0)
    found = {one.name: one.value for one in rates.measures(of)}
    assert start + won - lost == end, "the example adds up"
    assert found["retention_excluding_new"] == pytest.approx(excluding_new)
    assert found["retention_excluding_new_by_count"] == pytest.approx(excluding_new)
    assert found["retention_net"] == pytest.approx(net)
    assert found["churn_excluding_new"] == pytest.approx(1 - excluding_new)
    assert found["churn_net"] == pytest.approx(1 - net)


def test_the_misprinted_formula_is_not_what_is_computed():
    """One article writes ``(end - new) / (start x 100 %)``: right only if 100 % is read as 1, a hundredth if as 100."""
    start, end, new = 50, 55, 9
    literal = {reading: (end - new) / (start * reading) for reading in (1, 100)}
    assert literal == {1: pytest.approx(0.92), 100: pytest.approx(0.0092)}
    assert rates.excluding_new(end, new, start) == literal[1] != literal[100]


def test_the_count_formula_is_off_by_who_came_and_left_inside():
    """If 1 of the 4 lost was among the 9 new, 47 of the 50 were kept: 94 %, and the count formula says 92 %."""
    of = rates.Flow(start=50, end=55, kept=47, lost=3, won=8, returned=0, won_and_lost=1, returned_and_lost=0)
    found = {one.name: one.value for one in rates.measures(of)}
    assert found["retention_excluding_new"] == pytest.approx(0.94)
    assert found["retention_excluding_new_by_count"] == pytest.approx(0.92)


def test_99_percent_stands_beside_79_with_a_warning(configured, tmp_path):
    """100 at the start, 21 lost, 20 won: whoever reads the net rate alone would think one customer left."""
    january, may = date(2023, 5, 1), date(2023, 6, 1)
    days = {"kept": (date(2023, 4, 20), date(2023, 5, 20)), "lost": (date(2023, 4, 10),), "won": (date(2023, 5, 30),)}
    numbers, lines = iter(range(1000)), []
    for kind, number in (("kept", 79), ("lost", 21), ("won", 20)):
        for customer in (next(numbers) for _ in range(number)):
            lines += [(customer, day, 1000, f"{customer} {day}") for day in days[kind]]
    paths = Tables([*lines, (5000, FIRST, 1, "x"), (5001, END - timedelta(days=1), 1, "y")]).write(tmp_path)
    question = Question(f"{january}..{may - timedelta(days=1)}", target=0.8)
    text = list(retention.run(configured(), question, paths))
    assert (
        "WARNING 99 % net hides that 21 of 100 customers were lost, and 20 others came in their place: 79 % were kept"
        in text
    )
    assert "WARNING 20 came and 21 left: wins and losses are level; look for the causes of the losses" in text
    assert "Target 80.0 %: 1.0 points below it." in text
    shown = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in text if line.startswith("| ")}
    assert (shown["retention_excluding_new"], shown["retention_net"]) == ("79.0 %", "99.0 %")


# --------------------------------------------------------------------------------------- every figure, made another way


@pytest.mark.parametrize("kind", ["inactivity", "cancellation"])
@pytest.mark.parametrize(
    ("seed", "period"), [(1, (date(2023, 4, 10), date(2023, 7, 1))), (2, (date(2023, 9, 5), date(2023, 9, 19)))]
)
def test_every_figure_is_that_of_a_sum_by_hand(configured, tmp_path, kind, seed, period):
    start, end = period
    tables = random_tables(seed, contracts=True)
    report = retention.build(configured(kind), Question(f"{start}..{end - timedelta(days=1)}"), tables.write(tmp_path))
    hand, found = ByHand(tables, kind, ACTIVE), {one.name: one.value for one in report.measures}
    sets = hand.sets(start, end)
    for name in ("start", "kept", "lost", "won", "returned", "end", "won_and_lost_inside", "returned_and_lost_inside"):
        assert found[name] == len(sets[name]), name
    assert len(sets["start"]) > 5 and sets["lost"], "a company in which something happens"
    before = start - (end - start)
    total, previous = hand.paid(sets["known"], start, end), hand.paid(sets["known"], before, start)
    assert found["revenue"] == pytest.approx(total.sum() / 100)
    assert found["revenue_before"] == pytest.approx(previous.sum() / 100)
    cohort = sets["start"]
    ends = (
        (hand.fees(cohort, start), hand.fees(cohort, end))
        if kind == "cancellation"
        else (hand.paid(cohort, before, start).clip(lower=0), hand.paid(cohort, start, end).clip(lower=0))
    )
    assert found["revenue_of_start"] == pytest.approx(ends[0].sum() / 100)
    assert found["revenue_of_start_at_end"] == pytest.approx(ends[1].sum() / 100)
    assert found["revenue_kept_net"] == pytest.approx(ends[1].sum() / ends[0].sum())
    lower = ends[0].where(ends[0] < ends[1], ends[1])
    assert found["revenue_kept_gross"] == pytest.approx(lower.sum() / ends[0].sum())
    bought = hand.lines[(hand.lines.day >= start) & (hand.lines.day < end) & (hand.lines.amount >= 0)]
    bought = bought[bought.customer.isin(sets["known"])]
    by_customer = bought.groupby("customer")
    assert found["buyers"] == len(by_customer)
    assert found["orders"] == bought.order.nunique()
    assert found["repeat_rate"] == pytest.approx((by_customer.day.nunique() >= 2).mean())
    assert found["average_receipt"] == pytest.approx(total.sum() / bought.order.nunique() / 100, abs=0.006)
    old = total[[customer not in sets["new"] for customer in total.index]]
    assert found["revenue_share_existing"] == pytest.approx(old.sum() / total.sum())
    payers = total[total > 0].sort_values(ascending=False)
    largest = payers.head(-(-len(payers) // 5))
    assert found["revenue_share_top_20"] == pytest.approx(largest.sum() / payers.sum())
    reached = next(n for n in range(1, len(payers) + 1) if payers.head(n).sum() >= 0.8 * payers.sum() - 1e-9)
    assert found["payers_share_for_80"] == pytest.approx(reached / len(payers))
    ever = hand.paid(sets["known"], FIRST, end)
    assert found["lifetime_revenue"] == pytest.approx(ever.sum() / len(sets["known"]) / 100, abs=0.006)


@pytest.mark.parametrize("kind", ["inactivity", "cancellation"])
def test_the_parts_are_those_of_the_register_and_add_up(configured, tmp_path, kind):
    tables, (start, end) = random_tables(3, contracts=True), (date(2023, 8, 1), date(2023, 9, 1))
    report = retention.build(configured(kind), Question("2023-08-01..2023-08-31"), tables.write(tmp_path))
    sets = ByHand(tables, kind, ACTIVE).sets(start, end)
    assert set(report.groups["by"]) == {"tenure", "tier", "market", "region", "seller", "source"}
    for _, part in report.groups.group_by("by"):
        for name in ("start", "lost", "won", "returned", "end"):
            assert part[name].sum() == len(sets[name]), "nobody is in two groups of a grouping, or in none"
    places = {"market": 1, "region": 2, "seller": 3}
    for grouping, place in places.items():
        of = {row[0]: row[place] or "unknown" for row in tables.register}
        for row in report.groups.filter(pl.col("by") == grouping).to_dicts():
            here = {customer for customer in sets["start"] if of[customer] == row["group"]}
            assert row["start"] == len(here)
            assert row["retention_excluding_new"] == (
                pytest.approx(len(here & sets["kept"]) / len(here)) if here else None
            )
    sources = dict(report.groups.filter(pl.col("by") == "source").select("group", "start").rows())
    bought = {line[0] for line in tables.lines if line[1] < end and line[2] >= 0}
    first = {f"via {number}": len({c for c in sets["start"] & bought if c % 3 == number}) for number in range(3)}
    assert {name: number for name, number in sources.items() if name in first} == {
        k: v for k, v in first.items() if k in sources
    }


@pytest.mark.parametrize("kind", ["inactivity", "cancellation"])
def test_cohorts_and_staying_are_those_of_a_count_by_hand(configured, tmp_path, kind):
    tables = random_tables(23, contracts=True)
    report = retention.build(configured(kind), Question("month"), tables.write(tmp_path))
    hand = ByHand(tables, kind, ACTIVE)
    months = [date(2023, month, 1) for month in range(3 if kind == "inactivity" else 2, 13)]
    assert report.cohorts["cohort"].to_list() == months
    ends = [*months[1:], END]
    for number, (row, month) in enumerate(zip(report.cohorts.to_dicts(), months, strict=True)):
        came = [c for c in hand.ids if (day := hand.first(c, END)) is not None and month <= day < ends[number]]
        assert row["customers"] == len(came)
        for age, end in enumerate(ends[number:]):
            there = sum(hand.active(customer, end) for customer in came)
            assert row[f"age_{age}"] == (pytest.approx(there / len(came)) if came else None), (month, age)
    _check_staying(report.survival, hand, kind)


def _check_staying(found: survival.Survival, hand: ByHand, kind: str) -> None:
    """Kaplan and Meier's product, day by day, over customers who are looked at on every single day."""
    earliest = FIRST + timedelta(days=ACTIVE if kind == "inactivity" else 1)
    seen = []
    for customer in hand.ids:
        first = hand.first(customer, END)
        if first is not None and first >= earliest:
            days = [first + timedelta(days=number) for number in range(1, (END - first).days + 1)]
            gone = next((day for day in days if not hand.active(customer, day)), None)
            seen.append((((gone or END) - first).days, gone is not None))
    assert (found.customers, found.lost) == (len(seen), sum(lost for _, lost in seen))
    share, expected = 1.0, {}
    for day in sorted({days for days, lost in seen if lost}):
        left = sum(days >= day for days, _ in seen)
        share *= 1 - sum(days == day and lost for days, lost in seen) / left
        expected[day] = share
    assert dict(found.curve.select("days", "share").rows()) == pytest.approx(expected)
    inside = found.curve.filter(pl.col("low").is_not_null())
    assert (inside["low"] <= inside["share"]).all() and (inside["share"] <= inside["high"]).all()


# ---------------------------------------------------------------------------------------- what holds of any company

counts = st.integers(0, 30)


@given(counts, counts, counts, counts, counts, counts)
def test_the_flow_adds_up_and_net_is_never_below_excluding_new(kept, lost, won, returned, new_inside, old_inside):
    of = rates.Flow(kept + lost, kept + won + returned, kept, lost, won, returned, new_inside, old_inside)
    assert of.start + of.won + of.returned - of.lost == of.end
    found = {one.name: one.value for one in rates.measures(of)}
    if of.start == 0:
        assert all(found[name] is None for name in found if name.startswith(("retention", "churn")))
        return
    assert found["retention_net"] >= found["retention_excluding_new"] >= found["retention_excluding_new_by_count"]
    apart = found["retention_excluding_new"] - found["retention_excluding_new_by_count"]
    assert apart == pytest.approx((new_inside + old_inside) / of.start)
    assert 0 <= found["retention_excluding_new"] <= 1
    for name in ("excluding_new", "excluding_new_by_count", "net"):
        assert found[f"churn_{name}"] == pytest.approx(1 - found[f"retention_{name}"])


money = st.lists(st.tuples(st.booleans(), st.integers(-500, 500), st.integers(-500, 500)), min_size=1, max_size=12)


@given(money)
def test_gross_is_never_above_net_nor_above_one(rows):
    table = pl.DataFrame(rows, schema=["is_start", "before_minor", "revenue_minor"], orient="row")
    found = revenue.kept(table, by_fee=False)
    if found.gross is not None:
        assert 0 <= found.gross <= min(1, found.net)
    parts = [revenue.kept(table[:6], by_fee=False), revenue.kept(table[6:], by_fee=False)]
    assert found == revenue.Kept(*(sum(getattr(part, name) for part in parts) for name in ("start", "end", "kept")))


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40))
def test_concentration_is_between_even_and_all(paid):
    top, few = revenue.concentration(pl.Series(sorted(paid, reverse=True)))
    assert -(-len(paid) // 5) / len(paid) - 1e-12 <= top <= 1
    assert 0 < few <= 1


# ------------------------------------------------------------------------------------------------------- periods, refusals

OBSERVED = Observed(date(2017, 1, 1), date(2018, 1, 1), 90)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("week", BadParams, "write month, quarter, year, or two days"),
        ("2017-13-01..2017-14-01", BadParams, "write month, quarter, year, or two days"),
        ("2017-12-02..2017-12-01", BadParams, "holds no day"),
        ("year", NotEnoughData, "is the whole history"),
        ("2017-01-01..2017-12-31", NotEnoughData, "is the whole history"),
        (
            "2017-03-31..2017-04-30",
            NotEnoughData,
            "too early a start; who was a customer at the start is known from 2017-04-01",
        ),
        ("2017-12-01..2018-01-01", NotEnoughData, "the data are known until 2017-12-31"),
    ],
)
def test_a_period_that_cannot_be_answered_is_refused_in_one_line(text, error, words):
    with pytest.raises(error, match=words) as raised:
        parse(text, OBSERVED)
    assert "\n" not in str(raised.value)


def test_a_period_at_the_very_edges_is_answered():
    assert parse("2017-04-01..2017-12-31", OBSERVED) == Period("days", date(2017, 4, 1), date(2018, 1, 1))
    assert parse("2017-12-31..2017-12-31", OBSERVED).days == 1


@pytest.mark.parametrize("target", [1.0, 1.2, 0.0, -0.1, 100])
def test_a_target_nobody_can_reach_is_refused(configured, tmp_path, target):
    paths = random_tables(1, contracts=False).write(tmp_path)
    with pytest.raises(BadParams, match="nobody keeps every customer"):
        list(retention.run(configured(), Question("month", target=target), paths))


def test_without_customers_at_the_start_no_rate_is_made_up(configured, tmp_path):
    """Somebody bought long ago, and somebody in the period: the rates are not defined, the counts are."""
    lines = [(1, FIRST, 100, "a"), (2, date(2023, 6, 10), 200, "b"), (2, date(2023, 12, 31), 200, "c")]
    report = retention.build(configured(), Question("2023-06-01..2023-06-30"), Tables(lines).write(tmp_path))
    assert report.measure("retention_net").value is None
    assert report.measure("retention_net").missing == "nobody was a customer at the start"
    assert (report.measure("start").value, report.measure("won").value, report.measure("end").value) == (0, 1, 1)
    assert "| retention_net" in "\n".join(report.lines())
    quiet = retention.build(configured(), Question("2023-09-01..2023-09-30"), Tables(lines).write(tmp_path))
    assert quiet.measure("repeat_rate").missing == "nobody bought anything in the period"
    assert quiet.measure("buyers").value == 0


def test_revenue_before_the_data_begin_is_not_made_up(configured, tmp_path):
    """The 91 days before lie partly before the first day of the data: half a sum would look like growth."""
    paths = random_tables(1, contracts=False).write(tmp_path)
    report = retention.build(configured(), Question("2023-04-01..2023-06-30"), paths)
    for name in ("revenue_before", "revenue_of_start", "revenue_kept_gross", "revenue_kept_net"):
        assert report.measure(name).missing == revenue.UNKNOWN_BEFORE
    assert report.groups["revenue_kept_net"].is_null().all()
    assert report.measure("revenue").value > 0


def test_json_holds_all_of_it_and_pictures_are_written(configured, tmp_path):
    paths = random_tables(5, contracts=False).write(tmp_path)
    question = Question("quarter", as_json=True, to=tmp_path / "out")
    content = as_dict(list(retention.run(configured(), question, paths)))
    assert content["period"] == {"unit": "quarter", "first": "2023-10-01", "last": "2023-12-31", "days": 92}
    assert all(one["definition"] for one in content["measures"])
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "cohorts.csv",
        "cohorts.png",
        "survival.csv",
        "survival.png",
    }
    for name in ("cohorts", "survival"):
        assert (tmp_path / f"out/{name}.png").read_bytes().startswith(b"\x89PNG")
    report = retention.build(configured(), question, paths)
    said = "\n".join(report.lines())
    for one in content["measures"]:
        assert one["name"] in said and one["definition"] in said


def test_where_nobody_is_left_there_is_no_interval_and_the_picture_is_drawn():
    stays = pl.DataFrame({"days": [5, 9], "is_lost": [True, True], "customers": [6, 6]})
    found = survival.fit([stays])
    assert found.still_there(9) == {"share": 0.0, "low": None, "high": None}
    assert survival_picture(found).startswith(b"\x89PNG")
    assert cohort_picture(pl.DataFrame(schema={"cohort": pl.Date, "customers": pl.Int64})).startswith(b"\x89PNG")


def test_order_of_rows_and_buckets_changes_nothing(configured, tmp_path):
    tables = random_tables(6, contracts=True)
    one = retention.build(configured(), Question("month"), tables.write(tmp_path / "a"))
    other = Tables(tables.lines[::-1], tables.contracts[::-1], tables.register[::-1])
    again = retention.build(configured(), Question("month"), other.write(tmp_path / "b"))
    assert one.as_json() == again.as_json()


def test_who_renews_late_stays_a_customer_where_the_label_waits_for_it(configured, tmp_path):
    """A year of monthly contracts, each signed nine days late: nobody is lost, and each month is paid for once."""
    starts = [date(2023, month, 10) for month in range(2, 13)]
    late = [(1, start, date(2023, start.month, 28), None, 2500) for start in starts]
    gone = [(2, start, date(2023, start.month, 28), None, 700) for start in starts[:6]]
    lines = [(customer, starts[0], 100, f"{customer}") for customer in (1, 2)]
    lines.append((1, END - timedelta(days=1), 100, "last"))
    paths, days = Tables(lines, [*late, *gone]).write(tmp_path), "2023-08-01..2023-08-31"
    names = ("start", "lost", "end", "revenue_of_start", "revenue_of_start_at_end")
    for wait, expected in ((None, (0, 0, 0, None, None)), (14, (2, 1, 1, 32.0, 25.0))):
        settings = configured("cancellation")
        settings = settings.model_copy(update={"label": settings.label.model_copy(update={"late_renewal_days": wait})})
        report = retention.build(settings, Question(days), paths)
        found = {one.name: one.value for one in report.measures}
        assert tuple(found[name] for name in names) == expected, wait
    assert report.survival.lost == 1, "the one who never came back"


def test_who_renews_on_the_day_after_the_end_is_never_lost(configured, tmp_path):
    """Contracts by calendar months, as most are: the next one begins on the day on which a period begins."""
    months = [date(2023, month, 1) for month in range(2, 13)]
    lasts = [*(day - timedelta(days=1) for day in months[1:]), date(2023, 12, 31)]
    monthly = [(1, *days, None, 2500) for days in zip(months, lasts, strict=True)]
    shared = [(2, day, end + timedelta(days=1), None, 1000) for day, end in zip(months, lasts, strict=True)]
    leaves = [(3, *days, None, 700) for days in zip(months[:7], lasts[:7], strict=True)]
    days = [(1, months[0]), (2, months[0]), (3, months[0]), (1, END - timedelta(days=1))]
    lines = [(customer, day, 100, f"{customer} {day}") for customer, day in days]
    paths = Tables(lines, [*monthly, *shared, *leaves]).write(tmp_path)
    names = ("start", "lost", "won", "returned", "end", "revenue_of_start", "revenue_of_start_at_end")
    for period, expected in {
        "2023-08-01..2023-08-31": (3, 0, 0, 0, 3, 42.0, 42.0, 0),
        # Who is not renewed on the 1st is lost then, and no day earlier.
        "2023-09-01..2023-09-30": (3, 1, 0, 0, 2, 42.0, 35.0, 1),
    }.items():
        report = retention.build(configured("cancellation"), Question(period), paths)
        found = {one.name: one.value for one in report.measures}
        assert (*(found[name] for name in names), report.survival.lost) == expected, period
        assert report.survival.customers == 3
