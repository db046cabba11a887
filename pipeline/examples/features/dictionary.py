"""The data dictionary: every feature with its unit, family, formula in words, risk direction and phrase."""

from pipeline.examples.features.declare import Feature

HEADER = ("name", "unit", "family", "what it is", "risk when it goes", "told as", "causes", "needs")

TREATMENT = "; a treatment, which the model sees only with `features.allow_treatment`"


def rows(features: list[Feature]) -> list[tuple[str, ...]]:
    """One row per feature the model can see."""
    return [
        (
            feature.name,
            feature.unit,
            feature.family,
            feature.description + TREATMENT * feature.is_treatment,
            {"up": "up", "down": "down", "none": "either way"}[feature.risk],
            feature.phrases[0],
            ", ".join(feature.causes),
            ", ".join(sorted(feature.needs)) or "transactions",
        )
        for feature in features
        if not feature.is_part
    ]


def markdown(features: list[Feature]) -> str:
    """The dictionary as a Markdown table."""
    lines = [HEADER, tuple("---" for _ in HEADER), *rows(features)]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
