"""The figures of ``benchmarks/reasons.py`` as tables and sentences; all of it computed, so that nothing goes stale."""

from typing import Any

from pipeline.reasons.causes import CAUSES

LIMIT = 0.8
Result = dict[str, dict[str, Any]]


def markdown(result: Result) -> str:
    """All tables with the sentences that follow from them."""
    head = ("company", "customers", "cause told first", "as its likeliest", "among the three")
    parts = ["### Truth", _table(head, [_overall(name, told) for name, told in result.items()]), sentence(result)]
    for company, told in result.items():
        parts += [f"By cause, `{company}`:", _by_cause(told["truth"]["by_cause"])]
    head = ("company", "customers", "largest push falls most", "among the two", "nothing new", "same first reason")
    parts += ["### Faithfulness and stability", _table(head, [_model(name, told) for name, told in result.items()])]
    return "\n" + "\n\n".join(parts) + "\n"


def sentence(result: Result) -> str:
    """Where the first reason is the true cause often enough."""
    shares = {name: told["truth"]["all"]["first"] for name, told in result.items()}
    good = [name for name, share in shares.items() if share >= LIMIT]
    short = ", ".join(f"`{name}` ({share:.0%})" for name, share in shares.items() if share < LIMIT)
    where = "in every company" if len(good) == len(shares) else f"in {len(good)} of {len(shares)}; it is not in {short}"
    return f"The first reason names the true cause of at least {LIMIT:.0%} of these customers {where}."


def _overall(company: str, told: dict[str, Any]) -> tuple[str, ...]:
    found = told["truth"]["all"]
    return (
        f"`{company}`",
        f"{found['customers']:,}",
        *(f"{found[name]:.0%}" for name in ("first", "likeliest", "told")),
    )


def _by_cause(rows: list[dict[str, Any]]) -> str:
    head = ("cause", "", "customers", "told first", "among the three", "")
    lines = [
        (row["dominant_cause"], CAUSES[row["dominant_cause"]].words, f"{row['customers']:,}", f"{row['first']:.0%}",
         f"{row['told']:.0%}", f"blind spot; ask: {CAUSES[row['dominant_cause']].question}" if row["blind"] else "")
        for row in sorted(rows, key=lambda row: (row["blind"], -row["first"]))
    ]  # fmt: skip
    return _table(head, lines)


def _model(company: str, told: dict[str, Any]) -> tuple[str, ...]:
    faith, stable = told["faithfulness"], told["stability"]
    return (f"`{company}`", f"{faith['rows']:,}", f"{faith['first']:.0%}", f"{faith['first_two']:.0%}",
            f"{stable['rows']:,}", f"{stable['same']:.0%}")  # fmt: skip


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
