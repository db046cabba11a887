"""What a playbook says of itself, held against what no playbook may be: refused before anybody is given it."""

import re
from typing import Final

from pipeline.config.errors import BadPlaybooks
from pipeline.config.params import Guards
from pipeline.config.problems import suggestion
from pipeline.playbooks.config import channels
from pipeline.playbooks.config.draft_facts import unknown_fact
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.config.tactics import tactics
from pipeline.playbooks.rules.expression import asked, names
from pipeline.playbooks.rules.matching import asks_for_reasons

COUNTS_DOWN: Final = "days_to_"
"""How numbers of days until something are called."""
EXIT_INTERVIEWS: Final = ("exit-interview",)
WIN_BACKS: Final = ("win-back-campaign", "lapsed-discount")
"""Tactics that ask a leaver why, and tactics that call one back: two acts that are never one contact."""


def check_terms(where: str, playbook: Playbook) -> None:
    """Refuse channels nobody knows, dishonest promotions, discounts for everybody, and credit without a person.

    Parameters
    ----------
    where
        The playbook's place in the file.
    playbook
        With a tactic that is in the catalogue.

    Raises
    ------
    BadPlaybooks
        With what to write instead.
    """
    for name in playbook.channels:
        if channels.find(name) is None:
            near = suggestion(name, list(channels.CHANNELS)) or f"; write one of {', '.join(channels.CHANNELS)}"
            raise BadPlaybooks(f"{where}.channel: {name!r} is no channel whose consent is known{near}")
    if playbook.effect is None:
        raise BadPlaybooks(
            f"{where}.effect: is missing; write the share of those who would have left that it is expected to keep, "
            "such as 0.1, until it has been measured"
        )
    _check_promotion(where, playbook)
    _check_discount(where, playbook)
    _check_duty(where, playbook)
    _check_due(where, playbook)
    _check_person(where, playbook)
    _check_apart(where, playbook)


def _check_promotion(where: str, playbook: Playbook) -> None:
    terms = playbook.promotion
    if terms is not None and terms.was_price > terms.lowest_price_before:
        raise BadPlaybooks(
            f"{where}.promotion.was_price: {terms.was_price:g} is more than lowest_price_before, the lowest price of "
            f"the 30 days before; a reduction is honest from that one only, write {terms.lowest_price_before:g}"
        )


def _check_discount(where: str, playbook: Playbook) -> None:
    if playbook.discount is None:
        return
    if not names_a_cause(playbook):
        raise BadPlaybooks(
            f"{where}.discount: is for everybody the rule lets through, whatever their cause; a discount is never the "
            "default, name the reasons or causes it answers under when"
        )
    if playbook.cooldown_days is None:
        raise BadPlaybooks(f"{where}.discount: nothing keeps it from coming every week; write its cooldown_days")


def _check_duty(where: str, playbook: Playbook) -> None:
    if playbook.duty and playbook.sells:
        raise BadPlaybooks(
            f"{where}.duty: what sells is owed to nobody; leave out duty, or purpose: offer, discount, promotion and "
            "offers"
        )


def _check_due(where: str, playbook: Playbook) -> None:
    if playbook.due_before is None:
        return
    counted_down = sorted(name for name in names(playbook.when.expression) if name.startswith(COUNTS_DOWN))
    if playbook.due_before not in counted_down:
        instead = f"write {' or '.join(counted_down)}" if counted_down else (
            f"name one there, such as {COUNTS_DOWN}renewal, or leave this out")  # fmt: skip
        raise BadPlaybooks(
            f"{where}.due_before: {playbook.due_before!r} is no number of days until something that the rule under "
            f"when names; {instead}"
        )


def names_a_cause(playbook: Playbook) -> bool:
    """Whether the rule of a playbook asks for a reason or a cause, not for bands, tiers and amounts alone."""
    return any(asks_for_reasons(leaf) for leaf, _ in asked(playbook.when.expression))


def _check_person(where: str, playbook: Playbook) -> None:
    if "credit" in tactics()[playbook.tactic].cost and not playbook.is_task:
        raise BadPlaybooks(
            f"{where}.tactic: {playbook.tactic!r} gives credit, which a person has to decide; write a tactic of class R"
        )
    if playbook.draft is not None and not playbook.is_task:
        raise BadPlaybooks(
            f"{where}.draft: {playbook.tactic!r} is carried out by software, so nobody would send a draft; write the "
            "text under action"
        )
    for draft in playbook.drafts:
        if problem := unknown_fact(draft):
            raise BadPlaybooks(f"{where}.draft: {problem}")


def _check_apart(where: str, playbook: Playbook) -> None:
    if playbook.tactic in EXIT_INTERVIEWS and playbook.sells:
        raise BadPlaybooks(
            f"{where}: an exit interview asks and sells nothing; leave out purpose: offer, discount, promotion and "
            "offers, and win customers back by a playbook of its own"
        )
    if playbook.tactic in WIN_BACKS and playbook.aim == "feedback":
        raise BadPlaybooks(
            f"{where}.purpose: {playbook.tactic!r} wins customers back and asks nothing; write offer, and ask by a "
            "playbook of the tactic exit-interview"
        )


def check_against(playbooks: dict[str, Playbook], guards: Guards) -> None:
    """Refuse what the company's own limits do not allow: dear people, long sets of offers, words that promise too much.

    Raises
    ------
    BadPlaybooks
        With what to write instead.
    """
    for name, playbook in playbooks.items():
        where = f"playbooks.yaml: playbooks.{name}"
        if playbook.is_task and playbook.cost >= guards.feasibility_cost and playbook.feasibility is None:
            raise BadPlaybooks(
                f"{where}.feasibility: is missing, and a person's work at {playbook.cost:g} is dear "
                f"(guards.feasibility_cost is {guards.feasibility_cost:g}); write why it is worth it"
            )
        if playbook.offers is not None and len(playbook.offers) > guards.max_offers:
            raise BadPlaybooks(
                f"{where}.offers: holds {len(playbook.offers)}, of which nobody can choose; write at most "
                f"{guards.max_offers} (guards.max_offers)"
            )
        _check_words(where, playbook, guards.overpromises)


def _check_words(where: str, playbook: Playbook, words: list[str]) -> None:
    if playbook.promise is not None:
        return
    texts = {"action": playbook.action, "draft": " ".join(playbook.drafts), "offers": "; ".join(playbook.offers or [])}
    for field, text in texts.items():
        for word in words:
            if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
                raise BadPlaybooks(
                    f"{where}.{field}: {word!r} promises too much; say what is certain, or declare the promise: "
                    "{what: ..., due_in_days: ...}"
                )
