"""What drives the scores of a day, for the plot of reasons: contributions beside the values they come from."""

from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.config.paths import Paths
from pipeline.model import artefacts
from pipeline.tables import storage

Array = npt.NDArray[np.float64]
# More dots than this tell nobody anything more, and would have to be held in memory all at once.
MAX_CUSTOMERS = 20_000


class PlottedCustomers(NamedTuple):
    """The customers that are drawn, in the order of their keys.

    Attributes
    ----------
    contributions
        Log-odds, (customers, features + 1), the base last.
    values
        The features, (customers, features).
    features
        Name of each column.
    """

    contributions: Array
    values: Array
    features: list[str]


def collect_customers(day: date, paths: Paths, max_customers: int = MAX_CUSTOMERS) -> PlottedCustomers:
    """The scored customers of whole buckets, from the first one on, until there are enough to draw.

    Buckets are made by a hash, so the first ones are a random sample. Sorted by key, the picture does not depend on how
    many buckets there are, as long as all customers are drawn.
    """
    model = artefacts.load(paths.models)
    parts: list[tuple[Array, Array, Array]] = []
    for bucket in range(len(storage.bucket_files(paths.contributions))):
        if sum(len(keys) for keys, _, _ in parts) >= max_customers:
            break
        rows = storage.read_parquet(storage.bucket_file(paths.contributions, bucket))
        # The customers of a bucket are scored in this order.
        examples = storage.read_snapshot(storage.bucket_file(paths.examples, bucket), day)
        contributions = rows.select(*model.features, "base_log_odds").to_numpy()
        parts.append((examples["customer_key"].to_numpy(), contributions, model.ensemble.values(examples)))
    keys, contributions, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    first = np.argsort(keys, kind="stable")[:max_customers]
    return PlottedCustomers(contributions[first], values[first], model.features)
