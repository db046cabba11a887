"""Frames in the engine that the reader asks for: pandas with Arrow-backed columns, or polars as it is."""

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import polars as pl
import pyarrow as pa

from pipeline.config.problems import suggestion

if TYPE_CHECKING:
    import pandas as pd

Engine: TypeAlias = Literal["pandas", "polars"]
Frame: TypeAlias = "pd.DataFrame | pl.DataFrame"
ENGINES: tuple[Engine, ...] = ("pandas", "polars")


def check_engine(engine: str) -> Engine:
    """Return the engine, or refuse a name that is none.

    Raises
    ------
    ValueError
        The name is neither ``"pandas"`` nor ``"polars"``.

    Examples
    --------
    >>> check_engine("pandas")
    'pandas'
    """
    for known in ENGINES:
        if engine == known:
            return known
    raise ValueError(f"engine: unknown engine {engine!r}{suggestion(str(engine), list(ENGINES))}")


def to_engine(frame: pl.DataFrame, engine: str) -> Frame:
    """Return a frame in the engine asked for.

    Parameters
    ----------
    frame
        Any polars frame.
    engine
        ``"pandas"`` keeps the types of Arrow, so integers with missing values stay integers; ``"polars"`` copies
        nothing.

    Examples
    --------
    >>> to_engine(pl.DataFrame({"orders": [1, None]}), "pandas")["orders"].dtype
    int64[pyarrow]
    """
    if check_engine(engine) == "polars":
        return frame
    return frame.to_pandas(use_pyarrow_extension_array=True)


def to_polars(frame: Any) -> pl.DataFrame:
    """Return a pandas or polars frame, or an Arrow table, as a polars frame.

    Examples
    --------
    >>> to_polars(pl.DataFrame({"orders": [1]}).to_arrow()).shape
    (1, 1)
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    return pl.DataFrame(pl.from_arrow(frame) if isinstance(frame, pa.Table) else pl.from_pandas(frame))
