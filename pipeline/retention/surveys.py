"""The net promoter score by touch point: after what customers were asked, and what they answered."""

from typing import Final

import polars as pl

PROMOTER, DETRACTOR = 9, 6
EVERYWHERE: Final = "all"
SCHEMA: Final[dict[str, pl.DataType]] = {
    "touch_point": pl.String(), "answers": pl.Int64(), "promoters": pl.Int64(), "detractors": pl.Int64(),
    "nps": pl.Float64(),
}  # fmt: skip


def nps(answers: pl.DataFrame) -> pl.DataFrame:
    """The score of each touch point, and of all answers together first.

    ``nps = 100 x (promoters - detractors) / answers``, from -100 to 100; who answers 9 or 10 is a promoter, who answers
    0 to 6 a detractor (Reichheld 2003, "The One Number You Need to Grow", Harvard Business Review).

    Parameters
    ----------
    answers
        One row per answer: ``touch_point``, null where it is not known, and ``score`` (0-10), null where none came.

    Returns
    -------
    polars.DataFrame
        The columns `SCHEMA`, touch points by name; no row where nobody answered.

    Examples
    --------
    >>> table = pl.DataFrame({"touch_point": ["support", "support", "renewal", None], "score": [10.0, 6.0, 9.0, None]})
    >>> nps(table).rows()
    [('all', 3, 2, 1, 33.333333333333336), ('renewal', 1, 1, 0, 100.0), ('support', 2, 1, 1, 0.0)]
    """
    known = answers.filter(pl.col("score").is_not_null()).with_columns(pl.col("touch_point").fill_null("unknown"))
    counts = (
        pl.len().cast(pl.Int64).alias("answers"),
        (pl.col("score") >= PROMOTER).sum().cast(pl.Int64).alias("promoters"),
        (pl.col("score") <= DETRACTOR).sum().cast(pl.Int64).alias("detractors"),
    )
    whole = known.select(pl.lit(EVERYWHERE).alias("touch_point"), *counts).head(min(1, len(known)))
    each = known.group_by("touch_point").agg(counts).sort("touch_point")
    score = 100 * (pl.col("promoters") - pl.col("detractors")) / pl.col("answers")
    return pl.concat([whole, each]).with_columns(score.alias("nps")).cast(SCHEMA)  # type: ignore[arg-type]
