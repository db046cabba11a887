"""What has changed about a customer since the last list, in words."""

from datetime import date
from typing import Final

import polars as pl

from pipeline.decisions.percent import percent
from pipeline.i18n import IN_ENGLISH, MessageCatalog, Translator

PLACES: Final = (1, 2, 3)
BEFORE: Final = "_before"
# A step of the churn probability from which on it is said what goes with it, even if no reason is new.
LARGE_STEP: Final = 0.05
MAX_REASONS: Final = 2


def with_change(
    listed: pl.DataFrame,
    previous: pl.DataFrame,
    previous_day: date | None,
    *,
    same_model: bool,
    translator: Translator = IN_ENGLISH,
) -> pl.DataFrame:
    """Add ``previous_probability`` and ``change``: the risk then and now, and what came between.

    Where the risk has risen, it is an order that did not come back in time, and the reasons that were none last time;
    where it has fallen, the order that came, else the reasons that are none any more.

    Parameters
    ----------
    listed
        This week's rows, with ``churn_probability``, ``last_order_day`` and the reasons.
    previous
        Everyone scored for the last list, with ``churn_probability`` and the reasons.
    previous_day
        Of that list; None where this is the first one, and then both columns are null.
    same_model
        Whether it was scored by the same model; if not, the sentence says so.
    translator
        Who reads which language.
    """
    then = previous.select("customer_id", pl.exclude("customer_id").name.suffix(BEFORE))
    both = listed.join(then, on="customer_id", how="left", maintain_order="left")
    before = pl.col(f"churn_probability{BEFORE}")
    if previous_day is None:
        sentence = pl.lit(None, dtype=pl.String)
    else:
        sentence = translator.each(lambda catalog: _sentence(catalog, previous_day, same_model=same_model))
    return both.with_columns(before.alias("previous_probability"), sentence.alias("change")).drop(
        f"{name}{BEFORE}" for name in previous.columns if name != "customer_id"
    )


def _sentence(catalog: MessageCatalog, previous_day: date, *, same_model: bool) -> pl.Expr:
    before, now = percent(f"churn_probability{BEFORE}"), percent("churn_probability")
    shown = {"before": catalog.numeral(before), "now": catalog.numeral(now)}
    ordered = pl.when(pl.col("last_order_day") >= previous_day).then(
        catalog.translate("ordered on {day}", day=catalog.day(pl.col("last_order_day")))
    )
    came = _joined([_one_sided_reason(place, new_families=True) for place in PLACES])
    went = _joined([_one_sided_reason(place, new_families=False) for place in PLACES])
    by = pl.col("churn_probability") - pl.col(f"churn_probability{BEFORE}")
    # Where no reason is new, the first one that says something else than last time, if the step is worth a word.
    other = pl.when(by >= LARGE_STEP).then(pl.coalesce(_changed_reason(place) for place in PLACES))
    gone = catalog.translate("no longer: {reasons}", reasons=went)
    why = pl.when(by > 0).then(pl.coalesce(came, other)).otherwise(pl.coalesce(ordered, gone))
    moved = pl.when(why.is_not_null()).then(
        catalog.translate("{before} % → {now} %: {why}", **shown, why=why)
    ).otherwise(catalog.translate("{before} % → {now} %", **shown))  # fmt: skip
    same = catalog.translate("{now} % as on the last list", now=shown["now"])
    known = pl.when(before == now).then(same).otherwise(moved)
    worded = known if same_model else catalog.translate("{change} (by a new model)", change=known)
    return pl.when(before.is_null()).then(pl.lit(catalog.text("not scored for the last list"))).otherwise(worded)


def _joined(reasons: list[pl.Expr]) -> pl.Expr:
    """The first of the reasons, in one text; null where there is none."""
    return pl.concat_list(reasons).list.drop_nulls().list.head(MAX_REASONS).list.join("; ").replace("", None)


def _changed_reason(place: int) -> pl.Expr:
    text = pl.col(f"reason_{place}_text").cast(pl.String)
    before = [pl.col(f"reason_{other}_text{BEFORE}").cast(pl.String).eq_missing(text) for other in PLACES]
    return pl.when(~pl.any_horizontal(before)).then(text)


def _one_sided_reason(place: int, *, new_families: bool) -> pl.Expr:
    """A reason given now and not then, or then and not now; null where it was given both times or is none."""
    mine, theirs = ("", BEFORE) if new_families else (BEFORE, "")
    family = pl.col(f"reason_{place}_family{mine}").cast(pl.String)
    others = [pl.col(f"reason_{other}_family{theirs}").cast(pl.String).eq_missing(family) for other in PLACES]
    is_one = family.is_not_null() & ~pl.any_horizontal(others)
    return pl.when(is_one).then(pl.col(f"reason_{place}_text{mine}").cast(pl.String))
