"""May a list be made with this model, and what does it say of it."""

from typing import Any

from pipeline.config.errors import ModelRefused


def refuse_unfit(figures: dict[str, Any]) -> str:
    """The verdict a list may carry.

    Raises
    ------
    ModelRefused
        The model is of grade F and nobody answers for it.
    """
    verdict, name = str(figures["verdict"]), figures["approved_by"]
    if figures["ship"]:
        return verdict
    if not name:
        raise ModelRefused(
            f"{verdict} No list is made with it. Whoever wants one all the same answers for it by name: "
            "params.yaml: evaluate.approved_by"
        )
    return f"{verdict} Used all the same; {name} answers for it."
