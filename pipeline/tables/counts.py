"""What became of the rows of a source, in numbers and in words."""

from dataclasses import asdict, dataclass
from typing import Any

from pipeline.config.params import Data


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one source; ``read = accepted + duplicates + rejected + left_out + anonymous``.

    ``left_out`` are the rows that do not count, by the `where` of the source; ``anonymous`` those without a customer,
    where these are dropped, with their money in ``anonymous_minor``.
    ``open_ends`` are the contracts among the accepted rows that have no end, however that is written.
    ``older_versions`` are those of the duplicates that a later file holds in another version. Of transactions,
    ``duplicates_minor`` and ``rejected_minor`` are the money in them, in minor units, as far as it can be read.
    """

    read: int
    accepted: int
    duplicates: int
    older_versions: int
    duplicates_minor: int
    rejected: int
    rejected_by_rule: dict[str, int]
    rejected_minor: int
    fingerprint: str
    left_out: int = 0
    anonymous: int = 0
    anonymous_minor: int = 0
    open_ends: int = 0

    def as_report(self) -> dict[str, object]:
        """The counts, for ``reports/ingest.json``."""
        return asdict(self)


@dataclass(frozen=True)
class Apart:
    """Rows that do not count: by the `where` of the source, and without a customer, with the money in these."""

    left_out: int = 0
    anonymous: int = 0
    anonymous_minor: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.left_out + self.anonymous


@dataclass(frozen=True)
class Written:
    """What of the good rows of a source was written.

    Attributes
    ----------
    good, rows
        Good rows, and those of them that count; the others are repetitions.
    older_versions
        Of the repetitions, those that a later file holds in another version.
    repeated_minor
        The money in the repetitions, in minor units.
    fingerprint
        What the rows that count are, whatever their order: the sum of their hashes.
    open_ends
        The contracts among the rows that count that have no end.
    """

    good: int
    rows: int
    older_versions: int
    repeated_minor: int
    fingerprint: str
    open_ends: int = 0

    def as_counts(self, read: int, rejected_by_rule: dict[str, int], rejected_minor: int, apart: Apart) -> Counts:
        """What became of all rows that were read."""
        rejected = sum(rejected_by_rule.values())
        repeated = (self.good - self.rows, self.older_versions, self.repeated_minor)
        refused = (rejected, rejected_by_rule, rejected_minor)
        apart_rows = (apart.left_out, apart.anonymous, apart.anonymous_minor)
        return Counts(read, self.rows, *repeated, *refused, self.fingerprint, *apart_rows, self.open_ends)


def describe(counts: dict[str, Any], data: Data) -> str:
    """What became of a table's rows, and of the money in them."""
    refused = f"{counts['rejected']:,} refused{_money(counts['rejected_minor'], data)}"
    left_out = [f"{counts['left_out']:,} left out by where"] if counts["left_out"] else []
    anonymous = f"{counts['anonymous']:,} without a customer{_money(counts['anonymous_minor'], data)}"
    nobody = [anonymous] if counts["anonymous"] else []
    ends = [f"{counts['open_ends']:,} contracts without an end"] if counts["open_ends"] else []
    return ", ".join([f"{counts['accepted']:,} rows", refused, *ends, *left_out, *nobody, *repeated(counts, data)])


def repeated(counts: dict[str, Any], data: Data) -> list[str]:
    """How many rows count as others do, and a warning where these are many."""
    if not counts["duplicates"]:
        return []
    older = f", {counts['older_versions']:,} of them older versions" if counts["older_versions"] else ""
    is_much = counts["duplicates"] > data.max_duplicate_share * counts["read"]
    warning = "; more than data.max_duplicate_share allows, so look whether they are" if is_much else ""
    return [f"{counts['duplicates']:,} repeated{_money(counts['duplicates_minor'], data)}{older}{warning}"]


def _money(minor: int, data: Data) -> str:
    return f" (about {minor / 10**data.minor_digits:,.0f} {data.currency})" if minor else ""
