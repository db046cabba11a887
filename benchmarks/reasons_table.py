"""The figures of ``benchmarks/reasons.py`` as tables and sentences; all of it computed, so that nothing goes stale."""

from typing import Any

from benchmarks.tables import table
from pipeline.reasons.causes import CAUSES

# How often the first reason should be the true cause; what a cause that the tables carry is, see `benchmarks.reasons`.
LIMIT, LEAST_REACH = 0.8, 2 / 3
SHARES = ("first", "likeliest", "told")
Result = dict[str, dict[str, Any]]


def markdown(result: Result) -> str:
    """All tables with the sentences that follow from them."""
    head = ("company", "causes", "customers", "cause told first", "as its likeliest", "among the three")
    rows = [row for name, summary in result.items() for row in _overall(f"`{name}`", summary["truth"])]
    rows += _overall("all together", {which: together(result, which) for which in ("carried", "all")})
    parts = ["### Truth", table(head, rows), sentence(result)]
    for company, summary in result.items():
        parts += [f"By cause, `{company}`:", _by_cause(summary["truth"]["by_cause"])]
    head = ("company", "customers", "largest push falls most", "among the two", "nothing new", "same first reason")
    parts += [
        "### Faithfulness and stability",
        table(head, [_model(name, summary) for name, summary in result.items()]),
    ]
    return "\n" + "\n\n".join(parts) + "\n"


def sentence(result: Result) -> str:
    """Where the first reason is the true cause often enough."""
    shares = {name: summary["truth"]["carried"]["first"] for name, summary in result.items()}
    good = [name for name, share in shares.items() if share >= LIMIT]
    short = ", ".join(f"`{name}` ({share:.0%})" for name, share in shares.items() if share < LIMIT)
    where = "in every company" if len(good) == len(shares) else f"in {len(good)} of {len(shares)}; it is not in {short}"
    share = together(result, "carried")["first"]
    begins = f"Where the tables carry the cause, the first reason names it for {share:.0%} of these customers"
    return f"{begins}, and for at least {LIMIT:.0%} {where}."


def together(result: Result, which: str) -> dict[str, Any]:
    """The customers of all companies, and the shares of them."""
    parts = [summary["truth"][which] for summary in result.values()]
    customers = sum(part["customers"] for part in parts)
    shares = {name: sum(part[name] * part["customers"] for part in parts) / customers for name in SHARES}
    return {"customers": customers} | shares


def is_faint(row: dict[str, Any]) -> bool:
    """Whether even a classifier that was taught the truth finds a cause too seldom."""
    return not row["blind"] and row["reach"] < LEAST_REACH


def _overall(company: str, truth: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            company,
            words,
            f"{truth[which]['customers']:,}",
            *(f"{truth[which][name]:.0%}" for name in SHARES),
        )
        for which, words in (("carried", "those the tables carry"), ("all", "all a feature speaks for"))
    ]


def _by_cause(rows: list[dict[str, Any]]) -> str:
    head = ("cause", "", "customers", "told first", "among the three", "if the truth were taught", "")
    lines = [
        (row["dominant_cause"], CAUSES[row["dominant_cause"]].description, f"{row['customers']:,}",
         f"{row['first']:.0%}",
         f"{row['told']:.0%}", f"{row['reach']:.0%}", _note(row))
        for row in sorted(rows, key=lambda row: (row["blind"], is_faint(row), -row["first"]))
    ]  # fmt: skip
    return table(head, lines)


def _note(row: dict[str, Any]) -> str:
    kind = "blind spot" if row["blind"] else "faint" if is_faint(row) else ""
    return f"{kind}; ask: {CAUSES[row['dominant_cause']].question}" if kind else ""


def _model(company: str, summary: dict[str, Any]) -> tuple[str, ...]:
    faith, stable = summary["faithfulness"], summary["stability"]
    return (f"`{company}`", f"{faith['rows']:,}", f"{faith['first']:.0%}", f"{faith['first_two']:.0%}",
            f"{stable['rows']:,}", f"{stable['same']:.0%}")  # fmt: skip
