"""What a playbook can keep of what is at stake: nobody is kept by settling a dispute who leaves for another reason.

A playbook whose rule asks for causes or reasons answers those, and keeps its share of what is lost to them. What part
of a customer's risk a told reason explains is known with the reason (``reason_1_risk_share``). A playbook whose rule
asks for none answers all of the risk, and so does one whose reasons are no evidence, but only what the model saw.
"""

from typing import Final

import polars as pl

from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.rules.expression import asked
from pipeline.playbooks.rules.matching import asks_for_reasons, at_place, places, truth
from pipeline.playbooks.rules.parser import Rule
from pipeline.reasons.columns import RISK_SHARES

KEPT: Final = "kept_{}"
ANSWERED: Final = "answered_{}"


def kept(playbooks: dict[str, Playbook], scores: pl.DataFrame) -> pl.DataFrame:
    """What each playbook is expected to keep of each customer, in currency units; columns ``kept_0``, ``kept_1``, ...

    Parameters
    ----------
    playbooks
        In the order of the file.
    scores
        With ``value_at_stake`` and what the rules look at; reasons without `RISK_SHARES` explain an unknown part.

    Examples
    --------
    >>> call = Playbook(tactic="conflict-resolution", when="causes has C38", action="Call", channel="phone",
    ...                 who="service", due_in_days=1, cost=4, effect=0.5)
    >>> rest = call.model_copy(update={"when": Playbook.model_validate({**call.model_dump(), "when": "everyone"}).when})
    >>> told = pl.DataFrame({"value_at_stake": [100.0], "reason_1_causes": ["C47"], "reason_2_causes": ["C38;C36"],
    ...                      "reason_3_causes": [None], "reason_1_risk_share": [0.1], "reason_2_risk_share": [0.6],
    ...                      "reason_3_risk_share": [None]})
    >>> kept({"call": call, "rest": rest}, told).row(0)
    (30.0, 50.0)
    """
    lacking = [pl.lit(None, dtype=pl.Float64).alias(name) for name in RISK_SHARES if name not in scores.columns]
    return scores.with_columns(lacking).select(
        (pl.col("value_at_stake") * answered(book.when) * book.share_kept).alias(KEPT.format(position))
        for position, book in enumerate(playbooks.values())
    )


def answered_shares(playbooks: dict[str, Playbook], scores: pl.DataFrame) -> pl.DataFrame:
    """The part (0-1) of each customer's risk that each playbook answers; columns ``answered_0``, ``answered_1``, ...

    Parameters
    ----------
    playbooks, scores
        See `kept`.
    """
    lacking = [pl.lit(None, dtype=pl.Float64).alias(name) for name in RISK_SHARES if name not in scores.columns]
    names = [ANSWERED.format(position) for position in range(len(playbooks))]
    # With columns and not select: what is the same for everybody would be one row only.
    each = (answered(book.when).alias(name) for name, book in zip(names, playbooks.values(), strict=True))
    return scores.with_columns(lacking).with_columns(each).select(names)


def answered(rule: Rule) -> pl.Expr:
    """The part (0-1) of a customer's risk that a playbook of this rule answers."""
    leaves = [(leaf, within) for leaf, within in asked(rule.expression) if asks_for_reasons(leaf)]
    if not leaves:
        return pl.lit(1.0)
    shares = []
    for place, share in enumerate(RISK_SHARES):
        named = [
            pl.all_horizontal(at_place(leaf, place), *map(truth, within))
            for leaf, within in leaves
            if place in places(leaf)
        ]
        if named:
            shares.append(pl.when(pl.any_horizontal(named)).then(pl.col(share).cast(pl.Float64)))
    known = pl.any_horizontal([share.is_not_null() for share in shares])
    return pl.when(known).then(pl.sum_horizontal(shares).clip(upper_bound=1.0)).otherwise(1.0)


def as_much(rival: Playbook, book: Playbook) -> bool:
    """Whether a playbook surely answers as much of everybody's risk as another one whose customers are all its own."""
    return not _words(rival) or _words(rival) >= _words(book) > frozenset()


def _words(playbook: Playbook) -> frozenset[tuple[str, str]]:
    leaves = (leaf for leaf, _ in asked(playbook.when.expression))
    return frozenset((leaf.name, word) for leaf in leaves if asks_for_reasons(leaf) for word in leaf.values)
