"""The last part of the model card: what the model is not for, its limits, and how to read what it says."""

from typing import Any

from pipeline.evaluation.model_card.formatting import bullets, safe

Report = dict[str, Any]


def warnings(notices: list[Any]) -> str:
    """What the checks of the data have found; a model with warnings is used with open eyes."""
    return bullets(safe(warning) for warning in notices) if notices else "The checks of the data left no warning."


def wrong_reasons(counts: dict[str, int]) -> str:
    """How often the teams that work with the lists denied a reason, family by family."""
    if not counts:
        return "No list has come back in which a reason was called wrong."
    times = (f"{safe(family)}: {number} {'time' if number == 1 else 'times'}" for family, number in counts.items())
    return "Of the reasons on all lists that came back, teams called these families wrong.\n\n" + bullets(times)


def forbidden(card: Report, notice: str) -> str:
    """The uses that the evidence does not carry."""
    rules = card["population"]
    sentences = [
        "**Customers who are not eligible.** Who has not bought in the "
        f"{rules['active_days']} days before the list, or is too new, was never in the training data.",
        "**Claims about causes.** A reason says what goes together with risk in the past, not what causes it; changing "
        "the number in a reason need not change the risk.",
        "**Choosing whom an offer persuades.** High risk is not high persuadability: who is surely leaving may not be "
        "reachable at all. What an action does is known only beside customers who were left alone.",
        "**Decisions about people's rights or livelihood.** Not for credit, insurance, employment, housing or anything "
        "legal, and not for other prices or service by protected traits, nor by what stands in for them.",
        "**Other companies, populations or labels.** It is about "
        f"{safe(card['company'])}, the customers above and this churn alone: {safe(card['label']['description'])}",
        f"**Days before {card['learnt_until']}.** The model has learnt what happened until then; figures about those "
        "days would praise it for remembering.",
    ]
    return bullets(
        [*sentences, f"**What the provider of the data rules out.** {safe(notice)}"] if notice else sentences
    )


def limits(card: Report) -> str:
    """What may make the figures wrong, though nobody erred."""
    return bullets(
        [
            "The figures are about the past. A new season, price, competitor or product can change what goes together "
            "with churn; the churn rates by snapshot above show how far it moved so far.",
            "It knows only what the tables hold. Reasons outside them, such as a move, are not seen.",
            "The past was not left alone: customers who were contacted then may have stayed for it, and the model "
            "cannot tell them from those who would have stayed anyway.",
            f"It was judged on one history, up to the snapshot of {card['snapshots']['test']}; customers who came "
            "later may be of another kind.",
            "A segment with few customers has a wide interval; no doubt there means no evidence, not proof.",
        ]
    )


def reading(card: Report) -> str:
    """A probability as a rate among many, not a fate of one."""
    return (
        "Of 100 customers who are given 30 %, about 30 churn as defined above, and 70 do not: where all 100 are "
        "contacted, most would have stayed anyway, and nobody erred. One customer is never proof against the model. "
        "The margin is in log-odds, so that reasons can be added; only the probability is meant for people. It speaks "
        f"of the {card['label']['horizon_days']} days of the outcome window and no longer."
    )
