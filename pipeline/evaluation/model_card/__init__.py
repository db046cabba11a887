"""The model card: what the model is, how good it is and what it is not for, as a page for those who answer for it.

``about`` says what it predicts and how it was made, ``figures`` and ``curve_figures`` how good it is, ``uses`` what it
is for; ``formatting`` writes numbers and tables.
"""

from typing import Any

from pipeline.evaluation.model_card import about, curve_figures, figures, uses
from pipeline.evaluation.model_card.formatting import safe

__all__ = ["markdown"]

Report = dict[str, Any]


def markdown(card: Report, metrics: Report, evaluation: Report, audit: Report, ingest: Report) -> str:
    """The page, from what the stages have written; the same content gives the same page.

    Parameters
    ----------
    card
        ``models/model.json``; ``additive_weight``, the weight of the regression (0-1); ``season``, the wave of it
        in words, or None; ``wrong_reasons``, how often teams called the reasons of each family wrong.
    metrics
        ``reports/verdict.json``.
    evaluation
        ``reports/evaluation.json``.
    audit
        ``reports/examples.json``.
    ingest
        ``reports/ingest.json``.

    Returns
    -------
    str
        Markdown, the verdict first.
    """
    at_test = audit["snapshots"][metrics["test_snapshot"]]
    outcomes = at_test["labelled_0"] + at_test["labelled_1"]
    parts = [
        f"# Model card: churn at {safe(card['company'])}",
        about.verdict(metrics),
        _section("What the grade means", about.grade(evaluation["grade"])),
        _section("What it predicts", about.population(card, audit)),
        _section("The data", about.data(card, ingest)),
        _section("How it was made", about.making(card)),
        _section(
            "How good it is on the untouched snapshot", figures.test_examples(metrics, evaluation["test"], outcomes)
        ),
        _section("How good it was at earlier snapshots", figures.earlier(evaluation["earlier"])),
        _section("Whether the probabilities can be taken at their word", figures.calibration(evaluation, metrics)),
        _section("When the next order comes", curve_figures.markdown(evaluation.get("order_curve"))),
        _section("Where it is bad", figures.segments(evaluation["segments"])),
        _section("What a list earns", figures.profit(evaluation["profit"], card["money"]["currency"])),
        _section("Reasons that teams called wrong", uses.wrong_reasons(card["wrong_reasons"])),
        _section("Warnings", uses.warnings(card.get("warnings", []))),
        _section("What it must not be used for", uses.forbidden(card, ingest["notice"])),
        _section("Limits", uses.limits(card)),
        _section("How to read a probability", uses.reading(card)),
    ]
    return "\n\n".join(parts) + "\n"


def _section(heading: str, content: str) -> str:
    return f"## {heading}\n\n{content}"
