"""When the next order comes, as a section of the model card."""

from typing import Any

from pipeline.evaluation.model_card.formatting import number, percent, table

Report = dict[str, Any]


def markdown(report: Report | None) -> str:
    """How well the curve of the next order predicts, beside the rhythm of the customer alone."""
    if report is None:
        return (
            "Not predicted: churn is no silence from the start of the outcome window to its end here, too little is "
            "known yet, or the model is of an older version."
        )
    rows = (
        [one["snapshot"], f"{one['customers']:,}", f"{one['days']:,}", number(one["curve"]), number(one["rhythm"]),
         percent(one["covered"])]
        for one in report["cutoffs"]
    )  # fmt: skip
    shown = "lists show it" if report["pays"] else "lists do not show it: it predicts no better than the rhythm alone"
    return "\n\n".join(
        [
            "The chance of no order until each day ahead; at the end of the outcome window it is that of churn. "
            f"Fitted anew at each of these snapshots, with what was known then; {shown}. The integrated Brier score is "
            "the mean over the days ahead, less is better; the interval of 80 % may end later than the days that are "
            "known, so more than 80 % can fall within.",
            table(
                ["snapshot", "customers", "days ahead", "integrated Brier score", "of BG/NBD alone", "within 80 %"],
                rows,
            ),
        ]
    )
