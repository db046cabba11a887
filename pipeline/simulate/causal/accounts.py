"""The tables of customers and of their contracts."""

import numpy as np
import polars as pl

from pipeline.simulate.causal.company_history import History, days, known_days, words
from pipeline.simulate.causal.episodes import NEVER
from pipeline.simulate.causal.people import NAMES
from pipeline.simulate.causal.transactions import PLANS, monthly_price_cents, packs, periods
from pipeline.simulate.trajectories import BLOCK

FIRST_NAMES = ("Ada", "Bo", "Carl", "Dina", "Emil", "Frida", "Geir", "Hanna", "Ivar", "Jenny", "Kim", "Lea", "Max",
               "Nora", "Ole", "Pia", "Rolf", "Siri", "Tom", "Vera")  # fmt: skip
LAST_NAMES = ("Aas", "Berg", "Dahl", "Eide", "Foss", "Haug", "Krog", "Lund", "Moe", "Nygaard", "Riis", "Strand",
              "Tveit", "Vik", "Wold")  # fmt: skip
FIRMS, FORMS = ("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Granit", "Harbour", "Iris", "Juniper"), (
    "Building", "Foods", "Logistics", "Metal", "Marine", "Paper", "Power", "Systems", "Textile", "Works")  # fmt: skip
OWNERS = tuple(f"{name} {LAST_NAMES[index]}" for index, name in enumerate(FIRST_NAMES[:12]))
COUNTRIES, LANGUAGES = ("NO", "SE", "DK"), ("nb", "sv", "da", "en")
REGIONS = ("north", "east", "south", "west", "coast", "inland")
OPT_IN_SHARES = (0.8, 0.5, 0.35)


def customers(past: History) -> pl.DataFrame:
    """One row per customer."""
    dice, who = past.dice(NAMES), past.who
    b2b = past.plan.company.market == "b2b"
    first, last = (FIRMS, FORMS) if b2b else (FIRST_NAMES, LAST_NAMES)
    country = dice.choice(3, BLOCK, p=[0.6, 0.25, 0.15])
    language = np.where(dice.random(BLOCK) < 0.1, 3, country)
    begins, ends = dice.integers(0, len(first), BLOCK), dice.integers(0, len(last), BLOCK)
    name = pl.DataFrame({"a": words(first, begins), "b": words(last, ends)})
    email, phone, sms = (pl.Series(dice.random(BLOCK) < share) for share in OPT_IN_SHARES)
    return pl.DataFrame(
        {
            "customer_id": past.ids,
            "name": name.select(pl.concat_str("a", pl.lit(" "), "b"))["a"],
            "owner": words(OWNERS, dice.integers(0, len(OWNERS), BLOCK) if b2b else np.full(BLOCK, -1)),
            "market": pl.Series([past.plan.company.market]).new_from_index(0, BLOCK),
            "signup_day": days(np.maximum(0, who.arrival - dice.integers(0, 15, BLOCK))),
            "country": words(COUNTRIES, country),
            "region": words(REGIONS, who.region),
            "email_opt_in": email,
            "phone_opt_in": phone,
            "sms_opt_in": sms,
            "language": words(LANGUAGES, language),
        }
    )


def subscriptions(past: History) -> pl.DataFrame:
    """One row per year of a yearly contract, one in all of a monthly one; sorted by customer and day.

    What is planned may lie beyond the calendar. A monthly contract has no end but the day on which it is cancelled.
    """
    customer, first, length = periods(past)
    mine = past.who.yearly[customer] | (first == past.who.arrival[customer])
    customer, first, length = customer[mine], first[mine], length[mine]
    # Whoever stops ordering from a supplier does not say so: the contract is not renewed, and that is all.
    cancels = past.plan.company.outcome == "cancellation"
    yearly, pack = past.who.yearly[customer], packs(past, customer, first)
    gone, over = past.ends.gone[customer], np.where(yearly, first + length, NEVER)
    return pl.DataFrame(
        {
            "customer_id": past.ids.gather(customer),
            "start_day": days(first),
            "end_day": known_days(over - 1, NEVER - 1),
            "cancel_day": known_days(np.where(cancels & (gone < over), gone, NEVER), past.plan.days),
            "renewal_day": known_days(over, NEVER),
            "plan": words(PLANS, pack),
            "price_per_month": pl.Series(monthly_price_cents(past, pack) / 100),
        }
    )
