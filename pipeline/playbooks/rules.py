"""Whom a playbook is for, as one expression over the scores."""

import polars as pl

from pipeline.playbooks.declared import When

REASONS = ("reason_1_family", "reason_2_family", "reason_3_family")
CAUSES = ("reason_1_causes", "reason_2_causes", "reason_3_causes")


def applies(when: When) -> pl.Expr:
    """True for every customer all given conditions hold for."""
    tests = [
        _among("risk_band", when.bands),
        _among("tier", when.tiers),
        _among("reason_1_family", when.first_reason),
        None if when.reasons is None else pl.any_horizontal([_among(column, when.reasons) for column in REASONS]),
        None if when.causes is None else _speaks_for(CAUSES[0], when.causes),
        None
        if when.without_causes is None
        else ~pl.any_horizontal([_speaks_for(c, when.without_causes) for c in CAUSES]),
        _compare("churn_probability", at_least=when.probability_at_least, below=when.probability_below),
        _compare("value", at_least=when.value_at_least),
        _compare("value_at_stake", at_least=when.value_at_stake_at_least),
    ]
    given = [test for test in tests if test is not None]
    return pl.all_horizontal(given) if given else pl.lit(value=True)


def _among(column: str, allowed: list[str] | None) -> pl.Expr | None:
    return None if allowed is None else pl.col(column).is_in(allowed).fill_null(value=False)


def _speaks_for(column: str, causes: list[str]) -> pl.Expr:
    """One of the causes is among those of a reason, which are joined by a semicolon."""
    # All ids are of one length, so none can be a part of another.
    return pl.col(column).cast(pl.String).str.contains_any(causes).fill_null(value=False)


def _compare(column: str, *, at_least: float | None = None, below: float | None = None) -> pl.Expr | None:
    tests = []
    if at_least is not None:
        tests.append(pl.col(column) >= at_least)
    if below is not None:
        tests.append(pl.col(column) < below)
    return pl.all_horizontal(tests) if tests else None
