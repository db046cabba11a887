"""What stands between a customer and the first playbook that is for him or her."""

import polars as pl

from pipeline.decisions.duties import Duties


def first_obstacle(tests: pl.DataFrame, number: int, owed: Duties) -> tuple[pl.Series, pl.Series]:
    """The duty or the first playbook that is for each customer, and what can stand between: cost, rest, cause, room.

    Parameters
    ----------
    tests
        With ``wanted_0``, ``pays_0``, ``rests_0``, ``outranked_0`` and so on for each playbook.
    number
        How many playbooks there are.
    owed
        Who is given which duty, and who waits for one.

    Returns
    -------
    tuple of polars.Series
        ``wanted``, the number of the playbook, null where none is for the customer; and ``obstacle``.
    """
    wanted = [pl.when(f"wanted_{position}").then(pl.lit(position, dtype=pl.Int64)) for position in range(number)]
    what = [
        pl.when(f"wanted_{position}").then(
            pl.when(~pl.col(f"pays_{position}")).then(pl.lit("cost"))
            .when(f"rests_{position}").then(pl.lit("rest"))
            .when(f"outranked_{position}").then(pl.lit("cause"))
            .otherwise(pl.lit("room"))
        )
        for position in range(number)
    ]  # fmt: skip
    waiting = pl.lit(owed.waiting)
    result = tests.select(
        pl.coalesce(waiting, *wanted).alias("wanted"),
        pl.when(waiting.is_not_null()).then(pl.lit("waits")).otherwise(pl.coalesce(what)).alias("obstacle"),
    )
    return result["wanted"], result["obstacle"]
