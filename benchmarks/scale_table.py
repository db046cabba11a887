"""The figures of ``benchmarks/scale.py`` as tables; all of it computed, so that nothing goes stale."""

from typing import Any

from benchmarks.tables import table

WORDS = {
    "dvc_repro": "`dvc repro`, all stages",
    "weekly_anew": "`churn weekly`, every file read anew",
    "weekly_one_new_week": "`churn weekly`, one new week of files",
    "weekly_in_pandas": "pandas, `shap.TreeExplainer` and a loop, from files to list",
}
# What a plan on paper is made for.
PLANNED_CUSTOMERS = 100_000_000
SECONDS_AN_HOUR = 3600
Result = dict[str, Any]


def markdown(result: Result) -> str:
    """A row for each size and job, how each grows, and what the largest size says of a hundred million customers."""
    sizes = sorted(result["sizes"], key=lambda size: int(size["customers"]))
    rows = [
        (
            f"{size['customers']:,}",
            f"{size['rows']['lines']:,}",
            words,
            *_costs(size[job]),
            f"{_micro(size, job):,.0f} µs",
        )
        for job, words in WORDS.items()
        for size in sizes
    ]
    head = ("customers", "lines", "job", "seconds", "of processor", "largest process", "processor time a customer")
    grows = [
        (words, f"{result['exponents'][job]:.2f}", _share(sizes[-1], job)) for job, words in WORDS.items()
    ] if result["exponents"] else []  # fmt: skip
    turns = (
        "each job ran once" if result["repeats"] == 1 else f"medians of {result['repeats']} turns; `dvc repro` ran once"
    )
    parts = [f"{turns.capitalize()}.", table(head, rows)]
    if grows:
        parts.append(table(("job", "grows with customers to the power of", "beside reading all anew"), grows))
        parts.append(plan(sizes[0], sizes[-1]))
    if "start_up" in result:
        begun = result["start_up"]
        parts.append(f"The help of `churn` takes {1000 * begun['seconds']:.0f} ms and {begun['peak_mb']:.0f} MB.")
    return "\n\n".join(parts) + "\n"


def plan(small: Result, large: Result) -> str:
    """What the processor time of one more customer comes to for a hundred million, on paper.

    >>> sizes = [{"customers": n, "weekly_anew": {"processor_seconds": 8 + n * 36e-5}} for n in (1000, 2000)]
    >>> plan(*sizes).partition(", as")[0]
    'At 360 µs for one more customer, a weekly job of 100,000,000 takes 10 hours of processor: an hour on 10 processors'
    """
    seconds = large["weekly_anew"]["processor_seconds"] - small["weekly_anew"]["processor_seconds"]
    each = seconds / (large["customers"] - small["customers"]) * 1e6
    hours = each / 1e6 * PLANNED_CUSTOMERS / SECONDS_AN_HOUR
    return (
        f"At {each:,.0f} µs for one more customer, a weekly job of {PLANNED_CUSTOMERS:,} takes {hours:,.0f} hours of "
        f"processor: an hour on {hours:,.0f} processors, as buckets share nothing. That is on paper, from "
        f"{small['customers']:,} and {large['customers']:,} customers. Training and evaluation draw their customers "
        "(`train.max_customers`, `evaluate.max_customers`) and do not grow with them."
    )


def _costs(cost: dict[str, float]) -> tuple[str, str, str]:
    return f"{cost['seconds']:,.0f} s", f"{cost['processor_seconds']:,.0f} s", f"{cost['peak_mb'] / 1024:,.1f} GB"


def _micro(size: Result, job: str) -> float:
    """Processor time of a job per customer, in millionths of a second."""
    seconds: float = size[job]["processor_seconds"]
    customers: int = size["customers"]
    return seconds / customers * 1e6


def _share(size: Result, job: str) -> str:
    if job not in {"weekly_one_new_week", "weekly_in_pandas"}:
        return ""
    return f"{size[job]['seconds'] / size['weekly_anew']['seconds']:.0%} of the time".replace("%", " %")
