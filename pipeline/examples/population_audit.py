"""Every customer is accounted for at every snapshot, or the run stops."""

from pipeline.config.errors import BadData
from pipeline.examples.population import STATUSES

Counts = dict[str, int]


def add_up(by_bucket: list[dict[str, Counts]]) -> dict[str, Counts]:
    """Sum the counts of all buckets, snapshot by snapshot.

    >>> add_up([{"2018-01-01": {"eligible": 2}}, {"2018-01-01": {"eligible": 3}}])
    {'2018-01-01': {'eligible': 5}}
    """
    total: dict[str, Counts] = {}
    for bucket in by_bucket:
        for snapshot, counts in bucket.items():
            line = total.setdefault(snapshot, dict.fromkeys(counts, 0))
            for name, count in counts.items():
                line[name] += count
    return total


def check(audit: dict[str, Counts], complete: set[str]) -> None:
    """Refuse to go on when a customer is lost or counted twice, or a label stands where none can be known.

    Raises
    ------
    BadData
        With the snapshot and the sums that differ.
    """
    for snapshot, counts in audit.items():
        statuses = sum(counts[status] for status in STATUSES)
        if statuses != counts["customers"]:
            raise BadData(f"examples at {snapshot}: {counts['customers']} customers, but {statuses} have a status")
        labelled = counts["labelled_0"] + counts["labelled_1"]
        if labelled + counts["unlabelled"] != counts["eligible"]:
            raise BadData(
                f"examples at {snapshot}: {counts['eligible']} customers are eligible, but "
                f"{labelled + counts['unlabelled']} have a row"
            )
        expected = counts["eligible"] if snapshot in complete else 0
        if labelled != expected:
            raise BadData(f"examples at {snapshot}: {labelled} customers are labelled, expected {expected}")
