"""Who is looked at, who is eligible and who churned, drawn day by day around the boundaries."""

import shutil
from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.config.errors import BadData
from pipeline.config.params import Label, Snapshots
from pipeline.examples import population_audit, snapshots
from pipeline.examples.features import frequency
from tests import bucket
from tests.drawing import drawn
from tests.oracle import Line

S = date(2024, 6, 1)


def lines(text: str) -> list[Line]:
    """``ann -1 +0`` is a customer and the days, from the snapshot, of purchases; ``r`` before a day is a refund."""
    found = []
    for row in text.strip().splitlines():
        customer, *days = row.split()
        for word in days:
            refund = word.startswith("r")
            day = S + timedelta(days=int(word.removeprefix("r")))
            found.append(Line(customer, f"o{word}", day, -100 if refund else 100))
    return found


def test_snapshots_are_counted_back_from_as_of():
    settings = Snapshots(as_of="2024-06-01", observed_until="2024-06-01", first="2024-05-11", every_days=7,
                         active_days=90, min_tenure_days=0, former_days=365)  # fmt: skip
    days = [date(2024, 5, 11), date(2024, 5, 18), date(2024, 5, 25), S]
    assert snapshots.snapshot_days(settings) == days
    later = settings.model_copy(update={"first": date(2024, 5, 12)})
    assert snapshots.snapshot_days(later) == days[1:], "no snapshot before `first`"


@pytest.mark.parametrize(
    ("gap", "horizon", "observed_until", "complete"),
    [
        (0, 30, "2024-07-01", True),
        (0, 30, "2024-06-30", False),
        (1, 30, "2024-07-01", False),
        (1, 30, "2024-07-02", True),
    ],
)
def test_a_snapshot_is_complete_once_its_window_is_over(gap, horizon, observed_until, complete):
    label = Label(kind="inactivity", gap_days=gap, horizon_days=horizon)
    assert snapshots.is_complete(S, label, date.fromisoformat(observed_until)) is complete


ELIGIBLE = """
    | purchases   | active | new | status   | why                                              |
    | -1          | 90     | 0   | eligible | the day before the snapshot is history           |
    | +0          | 90     | 0   | not_yet  | the snapshot itself is the future                |
    | -90         | 90     | 0   | eligible | the first day of the activity window             |
    | -91         | 90     | 0   | inactive | one day too long ago                             |
    | -200 -90    | 90     | 0   | eligible | the last purchase counts                         |
    | -200 r-1    | 90     | 0   | inactive | a refund is no purchase                          |
    | r-1         | 90     | 0   | never_bought | nor does it make a customer                  |
    | -29         | 90     | 30  | too_new  | first purchase fewer than 30 days ago            |
    | -30         | 90     | 30  | eligible | exactly 30                                       |
    | -95 -29     | 90     | 30  | eligible | the first purchase counts for tenure             |
    | -91 +1      | 90     | 0   | inactive | what comes later changes nothing                 |
"""


@pytest.mark.parametrize("case", drawn(ELIGIBLE), ids=lambda case: case["why"])
def test_who_is_eligible(case, tmp_path):
    bucket.write(tmp_path / "tables", lines(f"ann {case['purchases']}"))
    settings = bucket.snapshots(S, active_days=int(case["active"]), new=int(case["new"]))
    found, counts = bucket.run(tmp_path / "tables", [S], settings)
    line = counts[S.isoformat()]
    assert {name for name, count in line.items() if count and name not in {"customers", "unlabelled"}} == {
        case["status"]
    }
    assert len(found) == (case["status"] == "eligible")


CHURNED = """
    | purchases      | gap | horizon | churned | why                                        |
    | -1             | 0   | 30      | 1       | nothing in the window                      |
    | -1 +0          | 0   | 30      | 0       | the snapshot is the first day of the window |
    | -1 +29         | 0   | 30      | 0       | the last day of the window                 |
    | -1 +30         | 0   | 30      | 1       | one day late                               |
    | -1 +6          | 7   | 30      | 1       | in the gap, before the window              |
    | -1 +7          | 7   | 30      | 0       | the window starts after the gap            |
    | -1 +36         | 7   | 30      | 0       | and is as long as ever                     |
    | -1 +37         | 7   | 30      | 1       | one day late                               |
    | -1 r+3         | 0   | 30      | 1       | a refund is no purchase                    |
    | -1 r+3 +4      | 0   | 30      | 0       | a purchase beside a refund is              |
"""


@pytest.mark.parametrize("case", drawn(CHURNED), ids=lambda case: case["why"])
def test_who_churned_by_inactivity(case, tmp_path):
    label = Label(kind="inactivity", gap_days=int(case["gap"]), horizon_days=int(case["horizon"]))
    bucket.write(tmp_path / "tables", lines(f"ann {case['purchases']}"))
    found, _ = bucket.run(tmp_path / "tables", [S], bucket.snapshots(S, S + timedelta(days=60)), label)
    assert found["churned"].to_list() == [int(case["churned"])]


# Twice the usual pause, at least 20 days and at most 100; 40 after a single purchase day; a window of 30 days.
OVERDUE = """
    | purchases                     | gap | churned | why                                                        |
    | -13 -1                        | 0   | 1       | 31 days of silence by the end, and 24 are allowed          |
    | -13 -1 +0                     | 0   | 0       | came back on the first day                                 |
    | -13 -1 +29                    | 0   | 0       | came back on the last day                                  |
    | -13 -1 +30                    | 0   | 1       | came back after the window: not known in it                |
    | -13 -1 r+5                    | 0   | 1       | a refund is no purchase                                    |
    | -25 -10                       | 0   | 1       | 40 days of silence, and 30 are allowed                     |
    | -30 -10                       | 0   | 0       | 40 days of silence, and 40 are allowed: not more           |
    | -29 -10                       | 0   | 1       | 40 days of silence, and 38 are allowed                     |
    | -40 -1                        | 0   | 0       | a slow buyer: 31 days of silence, and 78 are allowed       |
    | -2 -1                         | 0   | 1       | a pause of one day allows 20 all the same                  |
    | -50 -1                        | 10  | 0       | 41 days of silence, and 98 are allowed                     |
    | -12 -1 +9                     | 10  | 1       | bought in the gap: silent for 31 days, and 22 are allowed  |
    | -17 -1 +9                     | 10  | 0       | bought in the gap: silent for 31 days, and 32 are allowed  |
    | -70 -60                       | 0   | 1       | was overdue before, and still is                           |
    | -130 -70                      | 0   | 0       | 100 days of silence, and the pause of 60 counts as 100     |
    | -131 -71                      | 0   | 1       | 101 days: at most 100 are allowed                          |
    | -10                           | 0   | 0       | one purchase day: 40 days of silence, and 40 are allowed   |
    | -11                           | 0   | 1       | one purchase day: 41                                       |
    | -300 -290 -280 -20 -10        | 0   | 1       | 40 days: the long pause is not the usual one, 10 is        |
    | -90 -60 -30 -2                | 0   | 0       | 32 days of silence, and 60 are allowed                     |
    | -62 -50 -20                   | 0   | 1       | 50 days: of 12 and 30 the shorter counts, twice that is 24 |
    | -13 -1 +31 +32                | 0   | 1       | what comes behind the window makes no pause                |
"""


@pytest.mark.parametrize("case", drawn(OVERDUE), ids=lambda case: case["why"])
def test_who_is_overdue(case, tmp_path):
    wait = {"times": 2.0, "min_days": 20, "max_days": 100, "one_time_days": 40}
    label = Label(kind="overdue", gap_days=int(case["gap"]), horizon_days=30, overdue=wait)
    bucket.write(tmp_path / "tables", lines(f"ann {case['purchases']}"))
    found, _ = bucket.run(tmp_path / "tables", [S], bucket.snapshots(S, S + timedelta(days=60)), label)
    assert found["churned"].to_list() == [int(case["churned"])]


CANCELLED = """
    | contracts             | status      | churned | why                                           |
    | -100:                 | eligible    | 0       | runs on                                       |
    | -100::+5              | eligible    | 1       | cancelled in the window                       |
    | -100::+0              | eligible    | 1       | on its first day                              |
    | -100::+29             | eligible    | 1       | on its last day                               |
    | -100::+30             | eligible    | 0       | after it                                      |
    | -100::-1              | cancelled   |         | before the snapshot: already gone             |
    | -100:+10              | eligible    | 1       | ended and not renewed                         |
    | -100:+28              | eligible    | 1       | the first day without it is the last of the window |
    | -100:+29              | eligible    | 0       | the first day without it is after the window  |
    | -100:-1 +0:           | eligible    | 0       | renewed on the day, which is not known yet    |
    | -100::+5 +5:          | eligible    | 0       | changed to another plan the same day          |
    | -100::+5 +6:          | eligible    | 1       | a day between two plans                       |
    | -100:+10:+20          | eligible    | 1       | cancelled after it had ended anyway           |
    | -100:+40:+50          | eligible    | 0       | and so not in the window                      |
    | -100:+10 +11:         | eligible    | 0       | renewed the day after                         |
    | -100:+10 +12:         | eligible    | 1       | a day without a contract                      |
    | -100:+10 +11::+20     | eligible    | 1       | renewed in the window, and cancelled in it    |
    | -100:+10 +11:+28      | eligible    | 1       | renewed once, and not again                   |
    | -100:+10 +11::+29     | eligible    | 1       | cancelled on the last day of the window       |
    | -100:+10 +11::+30     | eligible    | 0       | the new one is cancelled after the window     |
    | -100:+10 +11:+29      | eligible    | 0       | the first day without it is after the window   |
    | -100:+10 +11:+20 +21: | eligible    | 0       | renewed twice                                 |
    | -100:+10 +11:+20 +22: | eligible    | 1       | a day without a contract after the second     |
    | -100: +11::+20        | eligible    | 0       | a second contract beside one that runs on     |
    | -100:+10 +11::+5      | eligible    | 1       | the renewal was given up before it began      |
    | -100:+30 +31::+5      | eligible    | 0       | so it was here, but the first one still runs  |
    | -100:+30              | eligible    | 0       | ends after the window                         |
    | -100:-1               | eligible    | 1       | whether it is renewed on the day is the outcome |
    | -100:-2               | cancelled   |         | not renewed on the day before                 |
    | -100:-2 -1:           | eligible    | 0       | renewed on the day before                     |
    | -100:-1 -1:           | eligible    | 0       | but the next one runs                         |
    | +3:                   | no_contract |         | a contract not known yet                      |
"""


def contracts(text: str) -> pl.DataFrame:
    def day(word: str) -> date | None:
        return S + timedelta(days=int(word)) if word else None

    rows = [
        (bucket.customer_key("ann"), *(day(word) for word in (period + "::").split(":")[:3])) for period in text.split()
    ]
    schema = {"customer_key": pl.Int64, "start_day": pl.Date, "end_day": pl.Date, "cancel_day": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize("case", drawn(CANCELLED), ids=lambda case: case["why"])
def test_who_churned_by_cancellation(case, tmp_path):
    label = Label(kind="cancellation", gap_days=0, horizon_days=30)
    bucket.write(tmp_path / "tables", lines("ann -10 +3"), contracts=contracts(case["contracts"]))
    found, counts = bucket.run(tmp_path / "tables", [S], bucket.snapshots(S, S + timedelta(days=60)), label)
    assert counts[S.isoformat()][case["status"]] == 1
    assert found["churned"].to_list() == ([int(case["churned"])] if case["churned"] else [])


def test_a_cancelled_customer_is_not_scored_for_inactivity_either(tmp_path):
    bucket.write(tmp_path / "tables", lines("ann -10\nbo -10"), contracts=contracts("-100::-1"))
    _, counts = bucket.run(tmp_path / "tables", [S], bucket.snapshots(S))
    assert (counts[S.isoformat()]["cancelled"], counts[S.isoformat()]["eligible"]) == (1, 1)


AFTER = """
| purchases   | contracts              | kind         | status    | why                                              |
| ann -70 -9  | -100::-40              | inactivity   | eligible  | bought 31 days after it was cancelled            |
| ann -70 -10 | -100::-40              | inactivity   | cancelled | 30 days after it, which may be a last invoice    |
| ann -70 -10 | -100:-42:              | inactivity   | eligible  | ended without a word 41 days ago, gone 40 ago    |
| ann -70 -9  | -100::-40              | cancellation | cancelled | by contracts, nobody is a customer without one   |
| ann -70 -9  | -100::-40 -20::-10     | inactivity   | cancelled | the last contract counts                         |
| ann -70 -9  | -100::-40 -20:+40:     | inactivity   | eligible  | a contract runs                                  |
| ann -70 +3  | -100::-40              | inactivity   | cancelled | what comes later is not known yet                |
"""


@pytest.mark.parametrize("case", drawn(AFTER), ids=lambda case: case["why"])
def test_who_buys_long_after_a_contract_is_a_customer_by_what_is_bought(case, tmp_path):
    label = Label(kind=case["kind"], gap_days=0, horizon_days=30)
    bucket.write(tmp_path / "tables", lines(case["purchases"]), contracts=contracts(case["contracts"]))
    _, counts = bucket.run(tmp_path / "tables", [S], bucket.snapshots(S, S + timedelta(days=60)), label)
    assert counts[S.isoformat()][case["status"]] == 1


def test_each_customer_has_one_row_where_there_are_transactions_only(tmp_path):
    bucket.write(tmp_path / "tables", lines("ann -10 -9 -8\nbo -5 -4"))
    shutil.rmtree(tmp_path / "tables" / "events")
    found, counts = bucket.run(
        tmp_path / "tables", [S], bucket.snapshots(S), features=frequency.features(bucket.FEATURES)
    )
    assert len(found) == found["customer_key"].n_unique() == counts[S.isoformat()]["customers"] == 2


def test_an_incomplete_snapshot_is_never_labelled(tmp_path):
    bucket.write(tmp_path / "tables", lines("ann -10 -1 +3\nbo -5"))
    observed = S + timedelta(days=29)
    found, counts = bucket.run(tmp_path / "tables", [S - timedelta(days=1), S], bucket.snapshots(S, observed))
    assert found.group_by("snapshot").agg(pl.col("churned").null_count()).sort("snapshot")["churned"].to_list() == [
        0,
        2,
    ]
    assert counts[S.isoformat()]["unlabelled"] == 2


GOOD = {"customers": 6, "never_bought": 0, "not_yet": 1, "cancelled": 0, "no_contract": 0, "too_new": 1, "inactive": 1, "eligible": 3,
        "labelled_0": 1, "labelled_1": 2, "unlabelled": 0}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"inactive": 0}, "6 customers, but 5 have a status"),
        ({"labelled_0": 2}, "3 customers are eligible, but 4 have a row"),
        ({"labelled_1": 1, "unlabelled": 1}, "2 customers are labelled, expected 3"),
    ],
)
def test_the_ledger_refuses_what_does_not_add_up(change, message):
    book = {"2024-06-01": GOOD | change}
    if message is None:
        population_audit.check(book, {"2024-06-01"})
        return
    with pytest.raises(BadData, match=message):
        population_audit.check(book, {"2024-06-01"})


def test_the_ledger_refuses_labels_of_an_incomplete_snapshot():
    with pytest.raises(BadData, match="3 customers are labelled, expected 0"):
        population_audit.check({"2024-06-01": GOOD}, set())
