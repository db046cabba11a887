"""The control group: customers who are left alone, so that what playbooks bring about can be measured."""

import hashlib
from typing import Any, Final

import polars as pl

from pipeline.config.params import Control

LEFT_ALONE: Final = (
    "nothing, because this customer is in the control group, which is left alone so that effects can be measured"
)
# Numbers drawn lie below this.
END: Final = 2**64


def mark(scores: pl.DataFrame, settings: Control | None) -> pl.DataFrame:
    """Add ``is_control``: whether a customer is left alone.

    It hangs on the customer's id, the salt and the version, and on nothing else: not on the score, the value, the day,
    the playbooks, or who else is there. So it is settled before any playbook is looked at, it never changes from week
    to week, and a larger share keeps all who were in already. The bar is the same in every value tier, so each tier
    holds about the same share, and who goes from one tier to another stays in or out.

    Parameters
    ----------
    scores
        One row per customer, with ``customer_id``.
    settings
        ``params.yaml: control``; None leaves nobody alone.

    Examples
    --------
    >>> table = pl.DataFrame({"customer_id": [f"c{number}" for number in range(1000)]})
    >>> int(mark(table, Control(share=0.05, salt="any text", version=1))["is_control"].sum())
    41
    """
    if settings is None or settings.share == 0:
        return scores.with_columns(pl.lit(value=False).alias("is_control"))
    bar = int(settings.share * END)
    # Hashed to a fixed length, so that no end of a salt can pass for the beginning of an id.
    drawing = hashlib.sha256(f"{settings.version}:{settings.salt}".encode()).digest()
    left_alone = [drawn(customer, drawing) < bar for customer in scores["customer_id"].to_list()]
    return scores.with_columns(pl.Series("is_control", left_alone, dtype=pl.Boolean))


def drawn(customer_id: str, drawing: bytes) -> int:
    """The number a customer draws, from 0 to 2⁶⁴ − 1, evenly: the first 8 bytes of a SHA-256, big-endian.

    Parameters
    ----------
    customer_id
        As the company writes it.
    drawing
        What tells one drawing from another; the SHA-256 of version and salt.

    Examples
    --------
    >>> drawn("900", b"") == int("bdc5d8a48c238979", 16), drawn("900", b"") == drawn("900", b"another")
    (True, False)
    """
    return int.from_bytes(hashlib.sha256(drawing + customer_id.encode("utf-8")).digest()[:8], "big")


def shares(decided: pl.DataFrame) -> dict[str, Any]:
    """How large the control group is, in all and by value tier, for the run report.

    Parameters
    ----------
    decided
        Everyone scored, with ``is_control`` and ``value_tier``.

    Examples
    --------
    >>> shares(pl.DataFrame({"is_control": [True, False, False], "value_tier": ["top", "tail", "top"]}))
    {'customers': 1, 'share': 0.3333, 'share_by_value_tier': {'tail': 0.0, 'top': 0.5}}
    """
    by_tier = decided.group_by("value_tier").agg(pl.col("is_control").mean()).sort("value_tier")
    return {
        "customers": int(decided["is_control"].sum()),
        "share": round(float(decided["is_control"].sum()) / max(len(decided), 1), 4),
        "share_by_value_tier": {tier: round(share, 4) for tier, share in by_tier.iter_rows()},
    }
