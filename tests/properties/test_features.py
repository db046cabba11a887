"""What must hold for any history: the engine agrees with the oracle, and nothing after the snapshot can reach it."""

import itertools
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipeline.config.params import Label
from pipeline.examples.snapshots import outcome_window
from tests import bucket, oracle
from tests.oracle import Event, Line
from tests.oracle_records import Contact, Move, Period, Promise, Records, Survey, Ticket, own_day
from tests.profiles import examples as few

EPOCH = date(2022, 1, 1)
CUSTOMERS = ("ann", "bo", "cy", "di", "ed")
FEW = few(5)

# Days near the edges of windows are drawn as often as all others together: that is where mistakes live.
SNAPSHOT = st.integers(0, 60).map(lambda days: EPOCH + timedelta(days=700 + days))
EDGES = [0, 1, 2, 7, 8, 29, 30, 31, 32, 89, 90, 91, 119, 120, 121, 122, 180, 181, 364, 365, 366, 367]
days_ago = st.one_of(st.sampled_from(EDGES), st.integers(-60, 690), st.sampled_from([-1, -29, -30, -31]))


@st.composite
def worlds(draw):
    """A snapshot, and the lines and events of five customers around it."""
    snapshot = draw(SNAPSHOT)
    customers = st.sampled_from(CUSTOMERS)
    item = st.sampled_from([None, "x", "y", "z"])

    def at(ago: int) -> date:
        return snapshot - timedelta(days=ago)

    line = st.builds(
        Line,
        customer=customers,
        order=st.sampled_from(["o1", "o2", "o3"]),
        day=days_ago.map(at),
        amount=st.one_of(st.integers(0, 99_999), st.integers(-5_000, 5_000)),
        discount=st.integers(0, 500),
        cost=st.one_of(st.none(), st.integers(-5_000, 99_999)),
        list_amount=st.one_of(st.none(), st.integers(0, 2_000)),
        granted=st.integers(0, 300),
        quantity=st.integers(-2, 9),
        product=item,
        category=item,
        store=item,
        channel=item,
    )
    lines = draw(st.lists(line, min_size=1, max_size=60))
    event = st.builds(Event, customer=customers, day=days_ago.map(at), kind=st.sampled_from(["visit", "click"]))
    return snapshot, lines, draw(st.lists(event, max_size=15))


@st.composite
def records(draw, snapshot: date):
    """Rows of all other tables around a snapshot; what came of them may lie on either side of it."""
    who = st.sampled_from(CUSTOMERS)
    day = days_ago.map(lambda ago: snapshot - timedelta(days=ago))
    later = st.one_of(st.none(), day)
    flag = st.sampled_from([None, False, True])
    word = st.sampled_from([None, "x", "offer"])
    some = st.integers(0, 9)

    def after(first: date, drawn: date | None) -> date | None:
        return None if drawn is None else max(first, drawn)

    opened = draw(
        st.lists(st.tuples(who, day, later, later, st.one_of(st.none(), some), word, flag, flag), max_size=12)
    )
    tickets = [
        Ticket(name, f"t{at:02d}", first, after(first, answered), after(first, resolved), *rest)
        for at, (name, first, answered, resolved, *rest) in enumerate(opened)
    ]
    kinds = st.sampled_from(["nps", "csat", "other"])
    surveys = st.builds(Survey, who, day, kinds, st.one_of(st.none(), some.map(float)))
    points = st.one_of(st.none(), st.integers(-9, 99).map(lambda n: Decimal(n) / 4))
    moves = st.builds(Move, who, day, st.sampled_from(["earn", "earn", "spend", "expire", "reward"]), points, later)
    promised = draw(st.lists(st.tuples(who, day, later, later), max_size=10))
    promises = [Promise(name, made, after(made, due), after(made, kept)) for name, made, due, kept in promised]
    ends = draw(st.lists(st.tuples(who, day, later, later, later, word, st.one_of(st.none(), some)), max_size=6))
    periods = [
        Period(name, start, after(start, end), after(start, gone), *rest) for name, start, end, gone, *rest in ends
    ]
    contacts = st.builds(Contact, who, day, word, word, flag)
    return Records(
        tickets,
        draw(st.lists(surveys, max_size=12)),
        draw(st.lists(moves, max_size=15)),
        promises,
        periods,
        draw(st.lists(contacts, max_size=12)),
    )


full_worlds = worlds().flatmap(lambda world: st.tuples(st.just(world), records(world[0])))


def examples(lines, events, days, settings, label=bucket.LABEL, rows=None) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder) / "tables"
        bucket.write(tables, lines, events, records=rows or Records())
        return bucket.run(tables, days, settings, label)[0]


def gone(rows: Records, snapshot: date, lines: list) -> set[str]:
    """Who had a contract, and has none running on the morning of the snapshot; what ended yesterday may be renewed.

    Whoever bought more than 30 days after the last one was gone is back.
    """
    known = [row for row in rows.periods if row.start < snapshot]
    running = {
        row.customer for row in known
        if (row.end is None or row.end >= snapshot - timedelta(days=1))
        and (row.cancelled is None or row.cancelled >= snapshot)
    }  # fmt: skip
    day_after = timedelta(days=1)
    since = {
        name: max(
            min(filter(None, [row.end and row.end + day_after, row.cancelled])) for row in known if row.customer == name
        )
        for name in {row.customer for row in known} - running
    }
    bought = [(line.customer, line.day) for line in lines if line.day < snapshot and line.amount >= 0]
    back = {name for name, day in bought if name in since and day > since[name] + timedelta(days=30)}
    return since.keys() - back


@FEW
@given(full_worlds)
def test_the_engine_agrees_with_plain_python(world):
    (snapshot, lines, events), rows = world
    found = examples(lines, events, [snapshot], bucket.snapshots(snapshot), rows=rows)
    known = {bucket.customer_key(name): name for name in CUSTOMERS}
    buyers = {line.customer for line in lines if line.day < snapshot and line.amount >= 0}
    assert {known[key] for key in found["customer_key"]} == buyers - gone(rows, snapshot, lines)
    for row in found.iter_rows(named=True):
        own = known[row["customer_key"]]
        expected = oracle.features(
            [line for line in lines if line.customer == own],
            [event for event in events if event.customer == own],
            snapshot,
            ["visit"],
            rows.of(own),
            oracle.market(lines, snapshot),
        )
        assert set(expected) == set(row) - {"customer_key", "snapshot", "churned"}
        wrong = {name: (row[name], value) for name, value in expected.items() if not oracle.same(row[name], value)}
        assert not wrong


LATER = ("answered", "resolved", "kept", "cancelled")


def cut(rows: Records, snapshot: date) -> Records:
    """What an extract of that morning would have held: no later rows, and nothing that came of earlier ones later."""

    def known(row):
        ahead = {name: None for name in LATER if getattr(row, name, None) and getattr(row, name) >= snapshot}
        if "resolved" in ahead or (isinstance(row, Ticket) and row.resolved is None):
            ahead["reopened"] = None
        return replace(row, **ahead)

    return Records(*([known(row) for row in found if own_day(row) < snapshot] for found in vars(rows).values()))


@FEW
@given(full_worlds)
def test_cutting_everything_from_the_snapshot_on_leaves_features_bit_identical(world):
    (snapshot, lines, events), rows = world
    whole = examples(lines, events, [snapshot], bucket.snapshots(snapshot), rows=rows)
    kept = [line for line in lines if line.day < snapshot]
    earlier = [event for event in events if event.day < snapshot]
    if kept:
        again = examples(kept, earlier, [snapshot], bucket.snapshots(snapshot), rows=cut(rows, snapshot))
        assert_frame_equal(again, whole, check_exact=True)


@FEW
@given(worlds(), st.integers(-10_000, 10_000), st.sampled_from(["q", "x", None]))
def test_corrupting_the_future_changes_no_feature(world, amount, item):
    snapshot, lines, events = world
    whole = examples(lines, events, [snapshot], bucket.snapshots(snapshot))
    future = [
        Line(line.customer, "o9", snapshot + timedelta(days=number % 3), amount, 1, 7, item, item, item, item)
        for number, line in enumerate(lines)
    ]
    kept = [line for line in lines if line.day < snapshot] + future
    noise = [event for event in events if event.day < snapshot] + [Event("ann", snapshot, "visit")]
    assert_frame_equal(examples(kept, noise, [snapshot], bucket.snapshots(snapshot)), whole, check_exact=True)


@FEW
@given(worlds(), st.integers(0, 10), st.integers(1, 40))
def test_labels_see_their_window_and_nothing_behind_it(world, gap, horizon):
    snapshot, lines, events = world
    label = Label(kind="inactivity", gap_days=gap, horizon_days=horizon)
    window = outcome_window(snapshot, label)
    observed = bucket.snapshots(snapshot, window.end)
    whole = examples(lines, events, [snapshot], observed, label)
    cut = [line for line in lines if line.day < window.end]
    if cut:
        assert_frame_equal(examples(cut, events, [snapshot], observed, label), whole, check_exact=True)
    known = {bucket.customer_key(name): name for name in CUSTOMERS}
    for row in whole.iter_rows(named=True):
        bought = any(
            window.start <= line.day < window.end and line.amount >= 0 and line.customer == known[row["customer_key"]]
            for line in lines
        )
        assert row["churned"] == int(not bought)


@FEW
@given(
    worlds(), st.integers(0, 10), st.integers(1, 40), st.sampled_from([1.0, 1.1, 2.0, 3.5]),
    st.integers(1, 50), st.integers(0, 100), st.integers(1, 90), st.booleans(),
)  # fmt: skip
def test_overdue_labels_see_their_window_and_pauses_before_the_snapshot_only(
    world, gap, horizon, times, least, more, once, sells_later
):
    snapshot, lines, events = world
    wait = {"times": times, "min_days": least, "max_days": least + more, "one_time_days": once}
    label = Label(kind="overdue", gap_days=gap, horizon_days=horizon, overdue=wait)
    window = outcome_window(snapshot, label)
    observed = bucket.snapshots(snapshot, window.end)
    whole = examples(lines, events, [snapshot], observed, label)
    cut = [line for line in lines if line.day < window.end]
    later = [
        Line(line.customer, "o9", window.end + timedelta(days=number % 5), 100) for number, line in enumerate(lines)
    ]
    if cut:
        # Cut at the end of the window, or with another future behind it, everything is the same.
        again = examples(cut + later * sells_later, events, [snapshot], observed, label)
        assert_frame_equal(again.select("customer_key", "churned"), whole.select("customer_key", "churned"))
    known = {bucket.customer_key(name): name for name in CUSTOMERS}
    for row in whole.iter_rows(named=True):
        days = sorted({line.day for line in lines if line.amount >= 0 and line.customer == known[row["customer_key"]]})
        before = [day for day in days if day < snapshot]
        pauses = sorted((after - day).days for day, after in itertools.pairwise(before))
        allowed = once
        if pauses:
            # In tenths, so that no product of fractions is off by a hair.
            allowed = min(max(round(times * 10) * pauses[(len(pauses) - 1) // 2] // 10, least), least + more)
        silence = (window.end - max(day for day in days if day < window.end)).days
        bought = any(window.start <= day < window.end for day in days)
        assert row["churned"] == int(not bought and silence > allowed)
        inactive = bucket_label(lines, snapshot, label.model_copy(update={"kind": "inactivity"}), row["customer_key"])
        assert row["churned"] <= inactive, "whoever is overdue is inactive"


def bucket_label(lines: list[Line], snapshot: date, label: Label, key: int) -> int:
    window = outcome_window(snapshot, label)
    days = {line.day for line in lines if line.amount >= 0 and bucket.customer_key(line.customer) == key}
    return int(not any(window.start <= day < window.end for day in days))


@FEW
@given(worlds(), st.randoms())
def test_the_order_of_rows_does_not_matter(world, dice):
    snapshot, lines, events = world
    whole = examples(lines, events, [snapshot], bucket.snapshots(snapshot))
    dice.shuffle(lines)
    dice.shuffle(events)
    assert_frame_equal(examples(lines, events, [snapshot], bucket.snapshots(snapshot)), whole, check_exact=True)


contract = st.tuples(
    st.integers(-400, 60), st.one_of(st.none(), st.integers(0, 460)), st.one_of(st.none(), st.integers(0, 460))
)


def periods(drawn: list[tuple[int, int | None, int | None]], snapshot: date) -> pl.DataFrame:
    rows = [
        (
            bucket.customer_key(CUSTOMERS[number % 3]),
            snapshot + timedelta(days=start),
            *tuple(None if length is None else snapshot + timedelta(days=start + length) for length in lengths),
        )
        for number, (start, *lengths) in enumerate(drawn)
    ]
    schema = {"customer_key": pl.Int64, "start_day": pl.Date, "end_day": pl.Date, "cancel_day": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


@FEW
@given(SNAPSHOT, st.lists(contract, min_size=1, max_size=12), st.integers(0, 10), st.integers(1, 40))
def test_cancellation_labels_see_their_window_and_nothing_behind_it(snapshot, drawn, gap, horizon):
    """What is not known before the window's end: contracts that start later, and cancellations still to come."""
    label = Label(kind="cancellation", gap_days=gap, horizon_days=horizon)
    end = outcome_window(snapshot, label).end
    whole = periods(drawn, snapshot)
    known = whole.filter(pl.col("start_day") < end).with_columns(
        pl.when(pl.col("cancel_day") < end).then(pl.col("cancel_day"))
    )
    lines = [Line(name, "o1", snapshot - timedelta(days=5), 100) for name in CUSTOMERS]
    found = []
    for contracts in (whole, known):
        with tempfile.TemporaryDirectory() as folder:
            bucket.write(Path(folder) / "tables", lines, contracts=contracts)
            found.append(bucket.run(Path(folder) / "tables", [snapshot], bucket.snapshots(snapshot, end), label)[0])
    assert_frame_equal(found[0], found[1], check_exact=True)
