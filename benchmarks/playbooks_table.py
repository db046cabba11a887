"""The figures of ``benchmarks/playbooks.py`` as tables and sentences; computed, so that nothing goes stale."""

from typing import Any, Final

from benchmarks.tables import bullets, table

# The budget, as the share of customers it could have called; those shown in tables, and all that are drawn.
REPORTED_SHARES: Final = (0.005, 0.02, 0.05)
SHARES: Final = (0.0025, *REPORTED_SHARES[:1], 0.01, *REPORTED_SHARES[1:], 0.1)
# What the issue of the allocation asks for.
MIN_SHARE, LEAST_FACTOR = 0.8, 2
# An uplift from which on an act is worth talking about.
HELPED: Final = 0.05
PLAN: Final = "plan"
WORDS: Final = {
    PLAN: "plan of the pipeline",
    "all-knowing": "all-knowing oracle",
    "taught": "taught the truth of earlier snapshots",
    "told": "true effects among the told",
    "best same": "highest risk first, best offer in hindsight",
    "discount": "highest risk first, a discount",
}
CONTENDERS: Final = list(WORDS)
BESIDE: Final = ("all-knowing", "taught", "told")
Result = dict[str, dict[str, Any]]


def markdown(result: Result) -> str:
    """All tables with the sentences that follow from them."""
    head = ("company", "money for", "kept by the plan", *(f"share of: {WORDS[name]}" for name in BESIDE))
    parts = [
        "### Beside those who know more",
        table(head, _rows(result, _shares)),
        bullets(sentences(result)),
    ]
    head = ("company", "money for", "kept by the plan", *(WORDS[name] for name in ("best same", "discount")))
    parts += ["### Beside one offer for the highest risk", table(head, _rows(result, _sames)), naive(result)]
    head = ("company", "money for", "budget", "gap", "one more unit of money keeps", "one more call keeps, by team")
    parts += ["### Limits and their prices", table(head, _rows(result, _prices))]
    return "\n" + "\n\n".join(parts) + "\n"


def sentences(result: Result) -> list[str]:
    """Where the plan keeps enough of what others keep who know more."""
    lines = []
    for beside in BESIDE:
        least = {
            name: min(at_share(summary, share)["share"][beside][0] for share in REPORTED_SHARES)
            for name, summary in result.items()
        }
        good = [f"`{name}`" for name, share in least.items() if share >= MIN_SHARE]
        short = [f"`{name}` (at least {share:.0%})" for name, share in least.items() if share < MIN_SHARE]
        reached = f"is reached at every budget in {', '.join(good)}" if good else "is reached in no company throughout"
        rest = f"; not in {', '.join(short)}" if short else ""
        lines.append(f"{MIN_SHARE:.0%} of *{WORDS[beside]}* {reached}{rest}.")
    return lines


def naive(result: Result) -> str:
    """Where the plan certainly keeps twice what one offer for the highest risk keeps."""
    spans = {
        (company, share, name): at_share(summary, share)["beyond_twice"][name]
        for company, summary in result.items() for share in REPORTED_SHARES for name in ("best same", "discount")
    }  # fmt: skip
    sure = [key for key, (_, low, _) in spans.items() if low > 0]
    here = [f"`{company}` at {share:.1%} ({WORDS[name]})" for (company, share, name), (seen, low, _) in spans.items()
            if low <= 0]  # fmt: skip
    but = f" The interval reaches below that for {'; '.join(here)}." if here else ""
    return (
        f"The plan certainly keeps more than {LEAST_FACTOR} times as much in {len(sure)} of {len(spans)} "
        f"comparisons.{but}"
    )


def reach(result: Result) -> str:
    """How much of the all-knowing oracle's value the tables hold, as far as a model taught the truth finds it."""
    shares = []
    for name, summary in result.items():
        kept = at_share(summary, REPORTED_SHARES[1])["kept"]
        shares.append(f"{kept['taught'][0] / kept['all-knowing'][0]:.0%} in `{name}`")
    return (
        "Even the model that was taught the truth of earlier snapshots keeps of what the all-knowing oracle keeps, "
        f"with money for {REPORTED_SHARES[1]:.0%}: {', '.join(shares)}."
    )


def helped(result: Result) -> str:
    """How many customers any playbook could truly keep."""
    each = ", ".join(f"{summary['helped']:.1%} in `{name}`" for name, summary in result.items())
    return f"Customers whom any playbook makes at least {HELPED:.0%} likelier to stay: {each}."


def at_share(summary: dict[str, Any], share: float) -> dict[str, Any]:
    """The figures of a company at a budget."""
    budget: dict[str, Any] = summary["budgets"][f"{share:g}"]
    return budget


def _rows(result: Result, cells: Any) -> list[tuple[str, ...]]:
    return [
        (f"`{name}`", f"{share:.1%}", *cells(at_share(summary, share)))
        for name, summary in result.items()
        for share in REPORTED_SHARES
    ]


def _shares(budget: dict[str, Any]) -> tuple[str, ...]:
    return (_money(budget["kept"][PLAN]), *(_percent(budget["share"][name]) for name in BESIDE))


def _sames(budget: dict[str, Any]) -> tuple[str, ...]:
    return (_money(budget["kept"][PLAN]), *(_times(budget, name) for name in ("best same", "discount")))


def _times(budget: dict[str, Any], name: str) -> str:
    factor = budget["factor"][name]
    beside = "which loses money" if factor is None else f"the plan keeps {factor:.1f} times as much"
    return f"{_money(budget['kept'][name])}; {beside}"


def _prices(budget: dict[str, Any]) -> tuple[str, ...]:
    prices = budget["prices"]
    hands = ", ".join(
        f"{name.removeprefix('hands of ')} {price:.2f}" for name, price in prices.items() if "hands" in name
    )
    return f"{budget['limits']['budget']:,.0f}", f"{budget['gap']:.1%}", f"{prices['budget']:.2f}", hands


def _money(figure: list[float]) -> str:
    return "{:,.0f} ({:,.0f} to {:,.0f})".format(*figure)


def _percent(figure: list[float]) -> str:
    return "{:.0%} ({:.0%} to {:.0%})".format(*figure)
