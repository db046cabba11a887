"""Rules and customers drawn at random, and a slow second reading of rules, for the properties of the language."""

from typing import Any

from hypothesis import strategies as st

from pipeline.playbooks.rules.expression import (
    All,
    Compare,
    Either,
    Expression,
    Flag,
    HasAny,
    IsOneOf,
    Known,
    Leaf,
    Not,
)

BANDS = {"low": 0.0, "medium": 0.2, "high": 0.5}
CAUSES = ("C01", "C38", "C47")
FAMILIES = ("recency", "price")
COUNTRIES = ("NO", "New York")
numbers = st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0])
quantities = st.sampled_from([-1.0, 0.0, 1.0, 2.0, 3.0])


def _word(word: str) -> str:
    return word if word.isalnum() else f"'{word}'"


def _listed(words: tuple[str, ...]):
    return st.lists(st.sampled_from(words), min_size=1, max_size=3).map(
        lambda chosen: f"({', '.join(map(_word, chosen))})"
    )


signs = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
words = {"risk_band": tuple(BANDS), "country": COUNTRIES, "first_reason": FAMILIES, "lifecycle": ("short", "medium", "long"),
         "tier": ("new", "regular", "loyal")}  # fmt: skip
conditions = st.one_of(
    st.builds("{} {} {:g}".format, st.just("churn_probability"), signs, numbers),
    st.builds("{} {} {:g}".format, st.sampled_from(["points_balance", "days_beyond_usual_gap"]), signs, quantities),
    st.builds("points_balance between {:g} and {:g}".format, quantities, quantities),
    *(st.builds(f"{name} {{}} {{}}".format, st.sampled_from(["in", "not in"]), _listed(of)) for name, of in words.items()),
    st.builds("causes has any {}".format, _listed(CAUSES)),
    st.builds("first_causes has any {}".format, _listed(CAUSES)),
    st.builds("evidence_causes has any {}".format, _listed(CAUSES)),
    st.builds("reasons has any {}".format, _listed(FAMILIES)),
    st.builds("{} is {}".format, st.sampled_from(["points_balance", "country", "first_reason", "email_opt_in"]),
              st.sampled_from(["known", "unknown"])),
    st.sampled_from(["email_opt_in", "strategic", "everyone"]),
)  # fmt: skip
rules = st.recursive(
    conditions,
    lambda part: st.one_of(
        part.map("not ({})".format),
        st.lists(part, min_size=2, max_size=3).map(lambda parts: " and ".join(f"({p})" for p in parts)),
        st.lists(part, min_size=2, max_size=3).map(lambda parts: " or ".join(f"({p})" for p in parts)),
    ),
    max_leaves=6,
)


def band_of(probability: float) -> str:
    return next(name for name, edge in reversed(BANDS.items()) if probability >= edge)


@st.composite
def customers(draw) -> dict[str, Any]:
    """One customer, as the score would have it: band from probability, stage from tier, causes from reasons."""
    probability = draw(numbers)
    tier, stage = draw(st.sampled_from([("new", "short"), ("new", "medium"), ("regular", "medium"), ("loyal", "long")]))
    families = [draw(st.sampled_from([*FAMILIES, None])) for _ in range(3)]
    causes = [family and (";".join(draw(st.lists(st.sampled_from(CAUSES), max_size=2))) or None) for family in families]
    optional = {"points_balance": quantities, "days_beyond_usual_gap": quantities, "country": st.sampled_from(COUNTRIES),
                "email_opt_in": st.booleans()}  # fmt: skip
    return {
        "churn_probability": probability, "risk_band": band_of(probability), "tier": tier, "lifecycle": stage,
        "strategic": draw(st.booleans()),
        **{f"reason_{at}_family": family for at, family in enumerate(families, 1)},
        **{f"reason_{at}_causes": of for at, of in enumerate(causes, 1)},
        **{f"reason_{at}_risk_share": draw(st.none() | st.sampled_from([0.0, 0.4, 1.0])) for at in (1, 2, 3)},
        **{name: draw(st.none() | of) for name, of in optional.items()},
    }  # fmt: skip


def _set(customer: dict[str, Any], name: str) -> set[str]:
    column, places = (
        ("family", (1, 2, 3)) if name == "reasons" else ("causes", (1,) if name == "first_causes" else (1, 2, 3))
    )
    if name == "evidence_causes":
        places = tuple(place for place in places if customer[f"reason_{place}_risk_share"] is not None)
    found = [customer[f"reason_{place}_{column}"] for place in places]
    return {word for text in found if text for word in text.split(";")}


def slowly(expression: Expression, customer: dict[str, Any]) -> bool | None:
    """The truth of a rule for one customer: true, false, or None where it is not known."""
    if isinstance(expression, Not):
        part = slowly(expression.part, customer)
        return None if part is None else not part
    if isinstance(expression, All):
        parts = [slowly(part, customer) for part in expression.parts]
        return False if False in parts else None if None in parts else True
    if isinstance(expression, Either):
        parts = [slowly(part, customer) for part in expression.parts]
        return True if True in parts else None if None in parts else False
    return _of_condition(expression, customer)


def _of_condition(leaf: Leaf, customer: dict[str, Any]) -> bool | None:
    if isinstance(leaf, HasAny):
        return bool(_set(customer, leaf.name) & set(leaf.values))
    value = customer["reason_1_family" if leaf.name == "first_reason" else leaf.name]
    if isinstance(leaf, Known):
        return value is not None
    if value is None:
        return None
    if isinstance(leaf, IsOneOf):
        return value in leaf.values
    if isinstance(leaf, Flag):
        return bool(value)
    assert isinstance(leaf, Compare)
    return {"=": value == leaf.number, "<": value < leaf.number, "<=": value <= leaf.number,
            ">": value > leaf.number, ">=": value >= leaf.number}[leaf.sign]  # fmt: skip
