"""Three whole companies: a shop, a subscription, and a supplier of companies."""

from typing import Any

from pipeline.simulate.causal.company_settings import Cause, Fall, Intent, Policy, Rates, Whole
from pipeline.simulate.causal.treatment_effects import effects_on
from pipeline.simulate.settings import Arrivals, Fading, Levels, Spend


def _chance(hazard: float, **more: Any) -> Cause:
    """A cause that may come on any day; what is not said of it is as below."""
    usual = {"lag_days": 21, "lasts_days": 110, "share": 0.1, "per_year": 0.35}
    return Cause(onset="chance", hazard_per_day=hazard, **usual | more)


def _tenure(hazard: float, after: int, spread: int, **more: Any) -> Cause:
    """A cause that comes a set time after the first purchase; what is not said of it is as below."""
    usual = {"lag_days": 21, "lasts_days": 120}
    return Cause(onset="tenure", hazard_per_day=hazard, after_days=after, spread_days=spread, **usual | more)


MARKET = Cause(onset="market", share=0.3, lag_days=14, lasts_days=90, hazard_per_day=0.008)
MOVES_AWAY = _chance(0.1, lag_days=0, lasts_days=30, share=0.1, per_year=0.2, seen=False)
RENEWAL = Cause(onset="renewal", share=0.35, after_days=60, lag_days=20, lasts_days=60, hazard_per_day=0.03)
INTENTS: dict[Intent, float] = {
    "low_prices": 0.25, "service": 0.2, "points": 0.25, "quiet": 0.2, "one_product": 0.2, "novelty": 0.2,
}  # fmt: skip
POLICY = Policy(control_share=0.1, after_days=14, noticed_share=0.3, right_share=0.5, false_alarms_per_year=0.25)

RETAILER_CAUSES = {
    "C02": _chance(0.02, share=0.1),
    "C03": _tenure(0.012, 300, 150, share=0.09),
    "C08": _chance(0.025, intent="service", share=0.25, share_else=0.06),
    "C09": _chance(0.02, share=0.1),
    "C10": _chance(0.02, share=0.1),
    "C16": _tenure(0.04, 1, 0, share=0.05, lasts_days=90),
    "C17": _tenure(0.05, 1, 0, share=0.05, lag_days=14, lasts_days=60),
    "C27": _chance(0.018, intent="low_prices", share=0.25, share_else=0.04),
    "C28": MOVES_AWAY,
    "C30": _tenure(0.012, 330, 150, lag_days=30, lasts_days=150, intent="one_product", share=0.35, share_else=0.0),
    "C31": _tenure(0.015, 420, 60, intent="novelty", share=0.35, share_else=0.06),
    "C33": _chance(0.02, intent="quiet", share=0.4, share_else=0.03),
    "C36": _chance(0.02, intent="service", share=0.3, share_else=0.05),
    "C38": _chance(0.03, lasts_days=90, share=0.1),
    "C47": _chance(0.015, lasts_days=150, intent="low_prices", share=0.4, share_else=0.02),
    "C48": _tenure(0.05, 270, 120, lag_days=14, lasts_days=70, share=0.05),
    "C51": MARKET,
    "C54": _tenure(0.025, 380, 0, lag_days=20, lasts_days=80, intent="points", share=0.3, share_else=0.03),
}
SUBSCRIPTION_CAUSES = {
    "C02": _chance(0.02, share=0.17),
    "C06": _chance(0.025, intent="service", share=0.4, share_else=0.11),
    "C08": _chance(0.025, intent="service", share=0.4, share_else=0.11),
    "C10": _chance(0.02, share=0.17),
    "C18": _tenure(0.03, 1, 0, lag_days=25, lasts_days=110, share=0.08),
    "C26": RENEWAL.model_copy(update={"share": 0.75}),
    "C27": _chance(0.018, intent="low_prices", share=0.45, share_else=0.07),
    "C28": MOVES_AWAY,
    "C31": _tenure(0.015, 420, 60, intent="novelty", share=0.6, share_else=0.13),
    "C33": _chance(0.02, intent="quiet", share=0.7, share_else=0.05),
    "C36": _chance(0.02, intent="service", share=0.5, share_else=0.08),
    "C38": _chance(0.03, lasts_days=90, share=0.17),
    "C48": _tenure(0.05, 300, 150, lag_days=14, lasts_days=70, share=0.09),
    "C51": MARKET,
}
B2B_CAUSES = {
    "C06": _chance(0.025, intent="service", share=0.4, share_else=0.13),
    "C08": _chance(0.025, intent="service", share=0.4, share_else=0.12),
    "C09": _chance(0.02, share=0.18),
    "C10": _chance(0.02, share=0.2),
    "C18": _tenure(0.03, 1, 0, lag_days=25, lasts_days=120, share=0.08),
    "C26": RENEWAL.model_copy(update={"share": 0.5}),
    "C27": _chance(0.018, intent="low_prices", share=0.45, share_else=0.08),
    "C28": MOVES_AWAY,
    "C30": _tenure(0.012, 330, 150, lag_days=30, lasts_days=150, intent="one_product", share=0.7, share_else=0.0),
    "C31": _tenure(0.015, 420, 60, intent="novelty", share=0.6, share_else=0.13),
    "C36": _chance(0.02, intent="service", share=0.5, share_else=0.1),
    "C38": _chance(0.03, lasts_days=90, share=0.18),
    "C51": MARKET,
}

RETAILER = Whole(
    market="b2c",
    outcome="inactivity",
    contracts=False,
    yearly_share=0.0,
    # The last two are long natural cycles: whoever comes once a year has not left.
    mean_gap_days=Levels(values=(7.0, 14.0, 28.0, 50.0, 90.0, 200.0, 330.0),
                         shares=(0.36, 0.24, 0.15, 0.1, 0.06, 0.05, 0.04)),
    rhythm_shape=Levels(values=(1.0, 3.0, 6.0), shares=(0.3, 0.4, 0.3)),
    base_leaving_per_day=Levels(values=(0.0, 0.0001, 0.0004), shares=(0.3, 0.4, 0.3)),
    one_time_share=0.06,
    leaving_factor_per_year=1.1,
    season_amplitude=0.15,
    season_peak_day=345,
    fading=Fading(days=21.0, purchase_factor=0.4, visit_factor=0.4),
    spend=Spend(level=Levels(values=(15.0, 40.0, 120.0), shares=(0.4, 0.4, 0.2)), spread=0.5),
    arrivals=Arrivals(launch_share=0.35, launch_days=90, growth_per_year=1.2),
    intents=INTENTS,
    region_shares=(0.3, 0.3, 0.2, 0.2),
    falls=(Fall(region=1, first_day=420, days=120, factor=0.7), Fall(region=2, first_day=820, days=120, factor=0.7)),
    rates=Rates(visits_per_day=Levels(values=(0.03, 0.08), shares=(0.5, 0.5)), feature_uses_per_day=0.0,
                messages_per_day=0.04, opened_share=0.4, tickets_per_year=0.6, surveys_per_year=0.7,
                promises_per_year=0.3, refunded_share=0.02, discounted_share=0.12, member_share=0.7),
    policy=POLICY,
    causes=RETAILER_CAUSES,
    look_alikes=0.6,
    playbooks=effects_on(set(RETAILER_CAUSES)),
)  # fmt: skip

SUBSCRIPTION = RETAILER.model_copy(
    update={
        "outcome": "cancellation",
        "contracts": True,
        "yearly_share": 0.3,
        "mean_gap_days": Levels(values=(14.0, 30.0, 60.0, 150.0), shares=(0.3, 0.3, 0.25, 0.15)),
        "rhythm_shape": Levels(values=(1.0, 3.0), shares=(0.6, 0.4)),
        "base_leaving_per_day": Levels(values=(0.0, 0.0002, 0.0005), shares=(0.3, 0.4, 0.3)),
        "one_time_share": 0.0,
        "fading": Fading(days=14.0, purchase_factor=0.4, visit_factor=0.4),
        "spend": Spend(level=Levels(values=(5.0, 12.0, 30.0), shares=(0.4, 0.4, 0.2)), spread=0.4),
        "rates": Rates(visits_per_day=Levels(values=(0.03, 0.08), shares=(0.5, 0.5)), feature_uses_per_day=0.08,
                       messages_per_day=0.03, opened_share=0.4, tickets_per_year=0.8, surveys_per_year=0.7,
                       promises_per_year=0.4, refunded_share=0.02, discounted_share=0.1, member_share=0.0),
        "causes": SUBSCRIPTION_CAUSES,
        "playbooks": effects_on(set(SUBSCRIPTION_CAUSES)),
    }
)  # fmt: skip

B2B = RETAILER.model_copy(
    update={
        "market": "b2b",
        "contracts": True,
        "yearly_share": 1.0,
        "mean_gap_days": Levels(values=(7.0, 14.0, 30.0, 60.0, 180.0), shares=(0.2, 0.3, 0.3, 0.12, 0.08)),
        "base_leaving_per_day": Levels(values=(0.0, 0.0001, 0.0004), shares=(0.3, 0.4, 0.3)),
        "one_time_share": 0.03,
        "season_amplitude": 0.1,
        "season_peak_day": 110,
        "fading": Fading(days=30.0, purchase_factor=0.4, visit_factor=0.4),
        "spend": Spend(level=Levels(values=(300.0, 1200.0, 6000.0), shares=(0.5, 0.35, 0.15)), spread=0.6),
        "rates": Rates(visits_per_day=Levels(values=(0.02, 0.06), shares=(0.5, 0.5)), feature_uses_per_day=0.06,
                       messages_per_day=0.02, opened_share=0.4, tickets_per_year=1.2, surveys_per_year=0.8,
                       promises_per_year=1.0, refunded_share=0.02, discounted_share=0.15, member_share=0.0),
        "causes": B2B_CAUSES,
        "playbooks": effects_on(set(B2B_CAUSES)),
    }
)  # fmt: skip

# Checked anew, since a copy is taken as it is.
COMPANIES = {
    name: Whole.model_validate(company.model_dump())
    for name, company in (("retailer", RETAILER), ("subscription", SUBSCRIPTION), ("b2b", B2B))
}
