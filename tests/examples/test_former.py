"""Who was a customer and is not scored any more: who they are, and what is known of them on the day of the list."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.params import Label, Snapshots
from pipeline.examples import build, regional_orders
from tests import bucket
from tests.drawing import drawn
from tests.oracle import Line
from tests.oracle_records import Period, Promise, Records
from tests.profiles import examples, some_by_day

S = date(2024, 6, 1)
ACTIVE, FORMER = 90, 365

# Days of orders and the contracts of one customer, counted from the snapshot: start:cancelled, or start..last day.
STATES = """
    | orders     | contract | state  | why                                              |
    | -10        | -        | -      | scored                                           |
    | -90        | -        | -      | scored on the last of the days that count        |
    | -91        | -        | lapsed | one day later                                    |
    | -365       | -        | lapsed | looked at for the last day                       |
    | -366       | -        | -      | too long ago                                     |
    | -500 -200  | -        | lapsed | it is the last order that counts                 |
    | -200 +5    | -        | lapsed | what comes later is not known yet                |
    | +5         | -        | -      | no customer yet                                  |
    | -10        | -100:-5  | lost   | the contract has ended                           |
    | -10        | -100:+5  | -      | it has not                                       |
    | -400       | -500:-5  | -      | too long ago, contract or not                    |
    | -200       | -100:-5  | lost   | an ended contract says more than a long silence  |
    | -10        | -365..-1 | -      | whether it is renewed today is not known yet     |
    | -10        | -365..-2 | lost   | it ended, and was not renewed on the day after   |
    | -10        | -365..-1 +0..+364 | - | renewed today                                |
    | -10        | -366..-2 -1..+363 | - | renewed yesterday                            |
    | -10        | -100:-20 | -      | bought since and lately: a last invoice, or not  |
    | -30        | -100:-40 | -      | so for 30 days                                   |
    | -31        | -100:-40 | lost   | one day later                                    |
    | -20        | -100:-20 | lost   | on the day it was cancelled                      |
    | -40        | -100:-80 | -      | scored: bought long after it                     |
    | -95        | -300:-200 | lapsed | and lapses like anybody who buys                |
"""


def day(word: str) -> date:
    return S + timedelta(days=int(word))


def period(word: str) -> Period:
    if ".." in word:
        first, _, last = word.partition("..")
        return Period("ann", day(first), end=day(last))
    start, _, end = word.partition(":")
    return Period("ann", day(start), cancelled=day(end))


def former(folder: Path, settings: Snapshots) -> pl.DataFrame:
    """What the real function of one bucket writes."""
    tables, market = folder / "tables", folder / "market.parquet"
    for name in ("examples", "former"):
        (folder / name).mkdir(exist_ok=True)
    regional_orders.add_up([regional_orders.count(regional_orders.Job(0, tables, 1, 1.0))]).write_parquet(market)
    job = build.Job(0, tables, folder / "examples", [S - timedelta(days=30), S], settings, bucket.LABEL,
                    bucket.carried(tables), 2, 1, 1.0, market, former=folder / "former")  # fmt: skip
    build.build(job)
    return pl.read_parquet(folder / "former" / "bucket-00000.parquet")


def settings(**more) -> Snapshots:
    return bucket.snapshots(S, S + timedelta(days=60), active_days=ACTIVE).model_copy(update=more)


@pytest.mark.parametrize("case", some_by_day(drawn(STATES)), ids=lambda case: case["why"])
def test_who_is_a_former_customer(case, tmp_path):
    orders = [Line("ann", f"o{at}", day(word), 500) for at, word in enumerate(case["orders"].split())]
    periods = [] if case["contract"] == "-" else [period(word) for word in case["contract"].split()]
    others = [Line("bo", "b", day("-1"), 500)]
    bucket.write(tmp_path / "tables", [*orders, *others], records=Records(periods=periods))
    if not periods:
        (tmp_path / "tables/subscriptions/bucket-00000.parquet").unlink()
        (tmp_path / "tables/subscriptions").rmdir()
    found = former(tmp_path, settings())
    assert found.select("snapshot", "customer_id", "state").rows() == (
        [] if case["state"] == "-" else [(S, "ann", case["state"])]
    )


# Where the label waits 14 days for a renewal: who is a customer, for how long without a contract, and who churns by S + 30.
WAITED_FOR = """
    | contract             | customer | overdue | churned | why                                                    |
    | -365..+40            | yes      | 0       | no      | it runs                                                |
    | -365..-1             | yes      | 0       | yes     | it may be renewed today; S + 14 is the day it is not   |
    | -365..-6             | yes      | 6       | yes     | six days ago                                           |
    | -365..-6 +3..+368    | yes      | 6       | no      | signed late, in the window                             |
    | -365..-15            | yes      | 15      | yes     | the last day on which it may be signed is today        |
    | -365..-15 +0..+365   | yes      | 15      | no      | and it is                                              |
    | -365..-16            | no       | -       | -       | one day later                                          |
    | -365..-9 -2..+363    | yes      | 0       | no      | signed a week late, and known                          |
    | -365:-6              | no       | -       | -       | cancelled: nobody waits                                |
    | -365..+10            | yes      | 0       | yes     | S + 25 is in the window                                |
    | -365..+16            | yes      | 0       | no      | S + 31 is not                                          |
"""


@pytest.mark.parametrize(("end", "overdue"), [("-1", 0), ("-45", 45), ("-91", 91), ("-92", 0), ("-300", 0)])
def test_a_contract_that_is_long_over_is_no_renewal_that_is_late(tmp_path, end, overdue):
    lines = [Line("ann", "1", day("-5"), 500)]
    bucket.write(tmp_path / "tables", lines, records=Records(periods=[Period("ann", day("-365"), end=day(end))]))
    made, _ = bucket.run(tmp_path / "tables", [S], settings())
    assert made["renewal_overdue_days"].to_list() == [overdue]


@pytest.mark.parametrize("case", drawn(WAITED_FOR), ids=lambda case: case["why"])
def test_who_is_waited_for_is_a_customer_and_known_to_have_no_contract(case, tmp_path):
    periods = [period(word) for word in case["contract"].split()]
    lines = [Line("ann", "1", day("-10"), 500), Line("bo", "2", day("-10"), 500)]
    others = [Period("bo", day("-100"), end=day("+100"))]
    bucket.write(tmp_path / "tables", lines, records=Records(periods=[*periods, *others]))
    label = Label(kind="cancellation", gap_days=0, horizon_days=30, late_renewal_days=14)
    made, _ = bucket.run(tmp_path / "tables", [S], settings(), label)
    found = made.filter(pl.col("customer_key") == bucket.customer_key("ann"))
    rows = found.select("renewal_overdue_days", "churned").rows()
    assert rows == ([] if case["customer"] == "no" else [(int(case["overdue"]), case["churned"] == "yes")])


def test_nobody_is_looked_at_where_the_company_says_so(tmp_path):
    bucket.write(tmp_path / "tables", [Line("ann", "1", day("-200"), 500), Line("bo", "2", day("-1"), 500)])
    assert former(tmp_path, settings(former_days=0)).is_empty()


ORDERS = st.lists(st.tuples(st.sampled_from(["ann", "bo"]), st.integers(-364, -91), st.integers(1, 9)), min_size=1)
LATER = st.lists(st.tuples(st.sampled_from(["ann", "bo"]), st.integers(0, 50), st.integers(1, 9)), max_size=5)


@examples(6, nightly=50)
@given(ORDERS, LATER)
def test_the_future_changes_nothing_and_features_are_those_of_everybody(tmp_path_factory, orders, later):
    """Cut off, or made up: what happens on the day of the list and after is not known; nor is what is kept then."""
    rows = [Line(who, f"o{at}", day(str(ago)), 100 * cents) for at, (who, ago, cents) in enumerate(orders)]
    future = [Line(who, f"f{at}", day(str(in_days)), 100 * cents) for at, (who, in_days, cents) in enumerate(later)]
    made, due = day("-300"), day("-200")
    tables = []
    for lines, kept in ((rows, None), ([*rows, *future], S)):
        folder = tmp_path_factory.mktemp("former")
        promises = [Promise("ann", made, due, kept)]
        bucket.write(folder / "tables", lines, records=Records(promises=promises))
        (folder / "tables/subscriptions/bucket-00000.parquet").unlink()
        (folder / "tables/subscriptions").rmdir()
        tables.append(former(folder, settings()))
    assert tables[0].equals(tables[1])
    # Told as active, the same customers have the same features as examples.
    examples = bucket.run(folder / "tables", [S], settings(active_days=3650))[0]
    both = (
        examples.drop("churned")
        .select(tables[0].drop("state", "customer_id").columns)
        .join(tables[0].drop("state", "customer_id"), on="customer_key", how="semi")
    )
    assert both.sort("customer_key").equals(tables[0].drop("state", "customer_id").sort("customer_key"))
    ann = tables[0].filter(pl.col("customer_key") == bucket.customer_key("ann"))
    assert set(ann["promises_overdue"]) <= {1}
