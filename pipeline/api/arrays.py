"""Tables of any library (pandas, polars, Arrow, NumPy) as the arrays that scikit-learn checks and the model takes."""

from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from pipeline.api.frames import to_polars

if TYPE_CHECKING:
    import pandas as pd

Days = npt.NDArray[np.datetime64]


def as_numbers(table: Any) -> Any:
    """Return a table with all columns as float64 and missing values as NaN; anything else stays as it is.

    Parameters
    ----------
    table
        A pandas or polars frame or an Arrow table of numbers and booleans. Arrays and lists are left to scikit-learn.

    Returns
    -------
    pandas.DataFrame or object
        The names of the columns are kept, so that scikit-learn can compare them between ``fit`` and ``predict``.

    Raises
    ------
    ValueError
        A column holds something other than numbers and booleans.

    Examples
    --------
    >>> as_numbers(pl.DataFrame({"orders": [1, None], "loyal": [True, False]})).to_numpy().tolist()
    [[1.0, 1.0], [nan, 0.0]]
    """
    if _is_pandas(table):
        return _pandas_numbers(table)
    if isinstance(table, pa.Table):
        table = to_polars(table)
    if not isinstance(table, pl.DataFrame):
        return table
    wrong = [name for name, kind in table.schema.items() if not (kind.is_numeric() or kind in (pl.Boolean, pl.Null))]
    if wrong:
        raise _not_numbers(wrong[0], table.schema[wrong[0]])
    return table.cast(pl.Float64).fill_null(float("nan")).to_pandas()


def _pandas_numbers(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame as float64, column by column, so that the message can name the one that holds no numbers."""
    columns = {}
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        # Days and spans of time would become numbers of nanoseconds without a word.
        if getattr(column.dtype, "kind", "") in "Mm":
            raise _not_numbers(name, column.dtype)
        try:
            columns[place] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise _not_numbers(name, column.dtype) from None
    return type(frame)(columns, index=frame.index).set_axis(frame.columns, axis=1)


def as_days(values: Any) -> Days:
    """Return one calendar day per row.

    Parameters
    ----------
    values
        Dates, timestamps or ISO texts in a list, array, Arrow array, or pandas or polars series.

    Returns
    -------
    numpy.ndarray
        ``datetime64[D]``, (rows,).

    Raises
    ------
    ValueError
        A value is missing or is no day.

    Examples
    --------
    >>> as_days(["2024-01-31", "2024-03-01"]).tolist()
    [datetime.date(2024, 1, 31), datetime.date(2024, 3, 1)]
    """
    try:
        days = np.asarray(as_plain(values)).astype("datetime64[D]")
    except (TypeError, ValueError) as error:
        raise ValueError(f"snapshots must be days, such as '2024-01-31': {error}") from None
    if days.ndim != 1 or np.isnat(days).any():
        raise ValueError("snapshots must hold one day per row, without missing values")
    return days


def as_plain(values: Any) -> Any:
    """Return a column as NumPy holds it, where its library would hand out objects; anything else stays as it is.

    Examples
    --------
    >>> as_plain(pl.Series([1, 0], dtype=pl.Int8)).dtype
    dtype('int8')
    """
    if isinstance(values, pa.Array | pa.ChunkedArray):
        values = pl.from_arrow(values)
    if _is_pandas(values) and hasattr(values.dtype, "pyarrow_dtype"):
        values = pl.from_pandas(values)
    return values.to_numpy() if isinstance(values, pl.Series) else values


def encode_labels(labels: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.int8]]:
    """Return the two labels in their order, and which of them (0, 1) each row has.

    Raises
    ------
    ValueError
        There are other than two labels, or numbers that are none.

    Examples
    --------
    >>> classes, outcomes = encode_labels(np.array(["stayed", "churned", "stayed"]))
    >>> classes.tolist(), outcomes.tolist()
    (['churned', 'stayed'], [1, 0, 1])
    """
    check_classification_targets(labels)
    kind = type_of_target(labels, input_name="y", raise_unknown=True)
    if kind != "binary":
        raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y holds one class only ({classes[0]!r}); both are needed to learn from")
    return classes, codes.astype(np.int8)


def _is_pandas(table: Any) -> "TypeGuard[Any]":
    """Whether pandas made this; asked without importing pandas, which an Arrow or polars user may never need."""
    return type(table).__module__.partition(".")[0] == "pandas"


def _not_numbers(name: object, kind: object) -> ValueError:
    return ValueError(
        f"column {name!r} is of type {kind}; the model takes numbers and booleans: leave it out or encode it"
    )
