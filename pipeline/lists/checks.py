"""Is the week what it says it is? Every refusal is one line: what, where, what was found, what was expected."""

from collections.abc import Mapping

import polars as pl

from pipeline.config.errors import BadData
from pipeline.decisions.watch import is_personal
from pipeline.lists.schema import ACTIONS, FAMILY_PREFIX, NEVER_NULL, RISK_LIST, STATUSES, WORK
from pipeline.lists.week import Week

ADDS_UP_WITHIN = 1e-6
"""Largest difference between a margin and the sum of its parts, in log-odds."""


def check(week: Week) -> None:
    """Refuse a week whose tables break their own rules.

    Raises
    ------
    BadData
        A column is missing, extra, out of place or of another type; a value is out of its range; the tables do not
        hold the same customers; the counts in ``about`` are not those of the tables.
    """
    _check_columns("risk_list", week.risk_list, RISK_LIST)
    _check_columns("actions", week.actions.select(name for name in week.actions.columns if name in ACTIONS), ACTIONS)
    _check_columns("waterfalls", week.waterfalls, _waterfall_columns(week.waterfalls))
    _check_nulls("risk_list", week.risk_list)
    _check_nulls("actions", week.actions.select("customer_id", "churn_probability", "risk_band", "value_at_stake"))
    _check_values(week)
    _check_customers(week)
    _check_handed_out(week)
    _check_waterfalls(week.waterfalls)
    _check_contributions(week)


def _check_columns(table: str, frame: pl.DataFrame, expected: Mapping[str, pl.DataType]) -> None:
    for name, kind in expected.items():
        if name not in frame.columns:
            raise BadData(f"{table}: column '{name}' is missing, expected {kind}; found {', '.join(frame.columns)}")
        if frame.schema[name] != kind:
            raise BadData(f"{table}: column '{name}' is {frame.schema[name]}, expected {kind}")
    for name in frame.columns:
        if name not in expected:
            raise BadData(f"{table}: column '{name}' is not expected; expected {', '.join(expected)}")
    if table == "risk_list" and frame.columns != list(expected):
        raise BadData(
            f"{table}: columns are in another order: {', '.join(frame.columns)}; expected {', '.join(expected)}"
        )


def _check_nulls(table: str, frame: pl.DataFrame) -> None:
    for name in frame.columns:
        if name in NEVER_NULL and (nulls := frame[name].null_count()):
            raise BadData(f"{table}: column '{name}' has {nulls} nulls, expected none")


def _waterfall_columns(waterfalls: pl.DataFrame) -> dict[str, pl.DataType]:
    families = [name for name in waterfalls.columns if name.startswith(FAMILY_PREFIX)]
    numbers = ["base_log_odds", "log_odds", *(families or [f"{FAMILY_PREFIX}<name>"])]
    return {"customer_id": pl.String(), **dict.fromkeys(numbers, pl.Float64())}


def _check_values(week: Week) -> None:
    listed = week.risk_list
    for table, frame in (("risk_list", listed), ("actions", week.actions)):
        _refuse(
            table, "churn_probability", frame, ~pl.col("churn_probability").is_between(0, 1), "a number from 0 to 1"
        )
        _refuse(table, "value_at_stake", frame, ~pl.col("value_at_stake").is_finite(), "a finite number")
    places = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    _refuse("risk_list", "rank", listed, pl.col("rank") != places, "1, 2, 3 ... down the list")
    _refuse("risk_list", "work", listed, ~pl.col("work").is_in(WORK), f"one of {', '.join(WORK)}")
    _refuse("risk_list", "status", listed, ~pl.col("status").is_in(STATUSES), f"one of {', '.join(STATUSES)}")


def _refuse(table: str, name: str, frame: pl.DataFrame, broken: pl.Expr, expected: str) -> None:
    offending = frame.filter(broken)
    if not offending.is_empty():
        first = offending.row(0, named=True)
        customer, value = first["customer_id"], first[name]
        raise BadData(f"{table}: {name} of customer {customer!r} is {value!r}, expected {expected}")


def _check_customers(week: Week) -> None:
    for table, frame in (("risk_list", week.risk_list), ("actions", week.actions), ("waterfalls", week.waterfalls)):
        _refuse(table, "customer_id", frame, pl.col("customer_id").is_duplicated(), "each customer once")
    listed = week.risk_list.select("customer_id")
    for table, frame in (("actions", week.actions), ("waterfalls", week.waterfalls)):
        strangers = listed.join(frame, on="customer_id", how="anti")
        _refuse("risk_list", "customer_id", strangers, pl.lit(value=True), f"a customer of {table}")
    _check_agreement(week)
    for what, stated, there in (
        ("listed", week.about.listed, week.risk_list.height),
        ("listed", week.about.listed, week.waterfalls.height),
        ("scored", week.about.scored, week.actions.height),
    ):
        if stated != there:
            raise BadData(f"about: {what} is {stated}, expected the {there} customers found in the table")


def _check_agreement(week: Week) -> None:
    """Both tables are read by the same people: what one says of a customer the other must not deny."""
    both = week.risk_list.join(week.actions, on="customer_id", suffix="_decided")
    for name in ("churn_probability", "risk_band", "value_at_stake"):
        differs = pl.col(name) != pl.col(f"{name}_decided")
        _refuse("risk_list", name, both, differs, "what actions says")


def _check_handed_out(week: Week) -> None:
    """What has been given counts as a contact, so somebody must receive it: on the list, or in a file that is sent."""
    nobody = pl.DataFrame(schema={"customer_id": pl.String, "playbook": pl.String, "work": pl.String})
    for table, given, rows, expected in (
        ("actions", week.actions, week.risk_list, "a row of risk_list that hands it to a person"),
        ("former_actions", week.former_actions, week.former, "a row of former_customers"),
    ):
        for_people = (nobody if given is None else given).filter(is_personal())
        handed = nobody if rows is None else rows
        not_listed = for_people.join(handed, on=["customer_id", "playbook"], how="anti")
        _refuse(table, "playbook", not_listed, pl.lit(value=True), expected)
    decided = week.all_actions
    if "given_day" in decided.columns and week.audiences is not None:
        to_send = decided.filter(pl.col("work") == "audience", pl.col("given_day") == week.about.as_of)
        not_sent = to_send.join(week.audiences, on=["customer_id", "playbook", "channel"], how="anti")
        _refuse("actions", "playbook", not_sent, pl.lit(value=True), "a row of audiences")


def _check_waterfalls(waterfalls: pl.DataFrame) -> None:
    families = pl.sum_horizontal(pl.col(f"^{FAMILY_PREFIX}.*$"), ignore_nulls=False)
    _refuse("waterfalls", "log_odds", waterfalls, _adds_up_not(families), "base_log_odds plus the families")


def _check_contributions(week: Week) -> None:
    """Kept of nobody, of those listed or of everyone scored, and the same sums that the page shows by family."""
    kept = week.contributions
    if kept is None:
        return
    features = pl.sum_horizontal(pl.exclude("customer_id", "base_log_odds", "log_odds"), ignore_nulls=False)
    _refuse("contributions", "log_odds", kept, _adds_up_not(features), "base_log_odds plus the features")
    _refuse("contributions", "customer_id", kept, pl.col("customer_id").is_duplicated(), "each customer once")
    both = kept.join(week.waterfalls, on="customer_id", suffix="_shown")
    _refuse("contributions", "log_odds", both, pl.col("log_odds") != pl.col("log_odds_shown"), "what waterfalls says")
    absent = week.risk_list.join(kept, on="customer_id", how="anti")
    _refuse("risk_list", "customer_id", absent, pl.lit(value=True), "a customer of contributions")
    strangers = kept.join(week.actions, on="customer_id", how="anti")
    _refuse("contributions", "customer_id", strangers, pl.lit(value=True), "a customer of actions")


def _adds_up_not(parts: pl.Expr) -> pl.Expr:
    gap = (pl.col("base_log_odds") + parts - pl.col("log_odds")).abs()
    return (gap > ADDS_UP_WITHIN) | ~gap.is_finite() | gap.is_null()
