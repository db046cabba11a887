"""The figures of ``benchmarks/cluster.py`` as a table and a sentence; all computed, so that nothing goes stale."""

from typing import Any

from benchmarks.tables import table

WORDS = {
    "serial": "one process of {workers} threads",
    "processes": "{workers} processes",
    "dask": "{workers} workers of a Dask scheduler",
}


def markdown(result: dict[str, Any]) -> str:
    """A row for each contender, how long it takes beside one process, and whether all wrote the same bytes."""
    costs, workers = result["contenders"], result["workers"]
    alone = costs["serial"]["seconds"]
    rows = [
        (words.format(workers=workers), f"{costs[name]['seconds']:.1f} s", f"{costs[name]['seconds'] / alone:.2f}")
        for name, words in WORDS.items()
    ]
    same = "All wrote the same bytes." if result["same_bytes"] else "**They did not write the same bytes.**"
    return (
        f"`churn stage examples` of {result['customers']:,} customers and {result['rows']['lines']:,} order lines, "
        f"medians of {result['repeats']} turns. {same}\n\n"
        f"{table(('what works on the buckets', 'seconds', 'beside one process'), rows)}\n"
    )
