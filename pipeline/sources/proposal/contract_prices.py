"""What a contract costs a month, where a file says what it costs for each interval at which it is billed."""

import re

from pipeline.sources.proposal import names
from pipeline.sources.proposal.placing import Placed
from pipeline.sources.proposal.rows_that_count import listed, quoted

INTERVAL = re.compile(
    r"interval|intervall|billing_(period|cycle|frequency)|zahlungsweise|abrechnung|turnus|periodicite"
)
PRICE = re.compile(
    r"(plan_|unit_)?(amount|fee|price|betrag|preis|gebuehr|montant|prix|importe|precio|importo|prezzo|pris)"
)
PRICE_PER_MONTH = "price_per_month"
MONTHS = {
    1: "month monthly monat monatlich mois mensuel mes mensual mese mensile maand maandelijks maned manedlig 1_month",
    3: "quarter quarterly quartal vierteljaehrlich trimestre trimestriel trimestral kwartaal kvartal 3_months",
    6: "half_year half_yearly semi_annual halbjahr halbjaehrlich semestre semestriel semestral halvar 6_months",
    12: "year yearly annual annually jahr jaehrlich annuel annee ano anual anno annuale jaar jaarlijks arlig 12_months",
}


def propose_price(placed: Placed) -> None:
    """Take a price for each interval for one a month; where an interval is not known, there is none."""
    price = placed.columns.get(PRICE_PER_MONTH) or _only(placed, PRICE)
    interval = _only(placed, INTERVAL)
    if price is None or interval is None or not placed.sheet.profiles[price].can_be("money"):
        return
    if not PRICE.fullmatch(names.plain(price)):
        # Its name says that it is a month's, whatever the interval.
        return
    kinds = placed.sheet.profiles[interval].common
    by_months = {
        months: [kind for kind in kinds if names.plain(kind) in words.split()] for months, words in MONTHS.items()
    }
    if placed.columns.get(PRICE_PER_MONTH) is not None:
        placed.drop(PRICE_PER_MONTH, f"is the price of one {interval}")
    if not kinds or sum(map(len, by_months.values())) < len(kinds):
        return
    cases = " ".join(
        f"when {quoted(interval)} in ({listed(of)}) then {quoted(price)} / {months}"
        for months, of in by_months.items()
        if of
    )
    placed.left.pop(price, None)
    placed.expressions[PRICE_PER_MONTH], placed.sure[PRICE_PER_MONTH] = f"case {cases} end", names.LIKE
    placed.notes.append(f"{price} is taken for the price of one {interval}")


def _only(placed: Placed, pattern: re.Pattern[str]) -> str | None:
    """The one column that is not taken and is called so; None where there is none, or more."""
    able = [name for name in placed.free() if pattern.fullmatch(names.plain(name))]
    return able[0] if len(able) == 1 else None
