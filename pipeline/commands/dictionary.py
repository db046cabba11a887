"""Print the data dictionary of the settings in ``params.yaml``: ``python -m pipeline.commands.dictionary``.

Every feature with its unit, family, formula in words, risk direction and phrase.
"""

import sys

from pipeline.config import params
from pipeline.examples.features import Feature, declared
from pipeline.reasons.phrases import PHRASES, find_phrases

HEADER = ("name", "unit", "family", "what it is", "risk when it goes", "told as", "causes", "needs")

TREATMENT = "; a treatment, which the model sees only with `features.allow_treatment`"
REASON_ONLY = "; used in reasons only, the model does not see it"


def rows(features: list[Feature]) -> list[tuple[str, ...]]:
    """One row per feature that the model or a reason uses."""
    return [
        (
            feature.name,
            feature.unit,
            feature.family,
            feature.description + TREATMENT * feature.is_treatment + REASON_ONLY * feature.is_reason_only,
            {"up": "up", "down": "down", "none": "either way"}[feature.risk],
            next((str(phrase) for phrase in find_phrases(feature, PHRASES)), ""),
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


def main() -> None:
    """Print every declared feature."""
    sys.stdout.write(markdown(declared(params.load().features)))


if __name__ == "__main__":
    main()
