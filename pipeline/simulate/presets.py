"""Companies with a name, each made to show one thing."""

import difflib

from pipeline.config.errors import BadParams
from pipeline.simulate.settings import Arrivals, Company, Fading, Levels, Spend, Visits

# From weekly buyers to those who come every four months and have not left; from pure chance to near clockwork.
DEFAULT = Company(
    mean_gap_days=Levels(values=(7.0, 14.0, 30.0, 60.0, 120.0), shares=(0.15, 0.25, 0.3, 0.18, 0.12)),
    rhythm_shape=Levels(values=(1.0, 3.0, 6.0), shares=(0.4, 0.35, 0.25)),
    leaving_per_day=Levels(values=(0.0, 0.0015, 0.006), shares=(0.25, 0.45, 0.3)),
    one_time_share=0.2,
    leaving_factor_per_year=1.0,
    season_amplitude=0.15,
    season_peak_day=345,
    fading=Fading(days=30.0, purchase_factor=0.6, visit_factor=0.5),
    visits=Visits(kind="leads", per_day=Levels(values=(0.05, 0.2), shares=(0.5, 0.5))),
    spend=Spend(level=Levels(values=(15.0, 40.0, 120.0), shares=(0.4, 0.4, 0.2)), spread=0.5),
    arrivals=Arrivals(launch_share=0.3, launch_days=90, growth_per_year=1.2),
)

COMPANIES = {
    "default": DEFAULT,
    # Two months before a customer is gone, the visits all but end while the purchases go on.
    "engagement_leads": DEFAULT.model_copy(
        update={
            "fading": Fading(days=60.0, purchase_factor=1.0, visit_factor=0.1),
            "visits": Visits(kind="leads", per_day=Levels(values=(0.15, 0.4), shares=(0.5, 0.5))),
        }
    ),
    # Visits come with purchases: they fall when purchases fall, and say nothing that the purchases do not.
    "engagement_silent": DEFAULT.model_copy(
        update={
            "fading": Fading(days=0.0, purchase_factor=1.0, visit_factor=1.0),
            "visits": Visits(kind="follows", per_day=Levels(values=(0.15, 0.4), shares=(0.5, 0.5))),
        }
    ),
    # A trade with a strong December whose customers leave twice as fast every year.
    "seasonal_drift": DEFAULT.model_copy(update={"season_amplitude": 0.6, "leaving_factor_per_year": 2.0}),
    # A shop people come to once or twice a year, most of them only once.
    "sparse": DEFAULT.model_copy(
        update={
            "mean_gap_days": Levels(values=(120.0, 240.0, 360.0), shares=(0.3, 0.4, 0.3)),
            "one_time_share": 0.6,
            "visits": Visits(kind="leads", per_day=Levels(values=(0.01, 0.04), shares=(0.5, 0.5))),
        }
    ),
    # Everybody the same and nobody ever leaves: whether there is a purchase in the window is chance alone.
    "no_signal": Company(
        mean_gap_days=Levels(values=(90.0,), shares=(1.0,)),
        rhythm_shape=Levels(values=(1.0,), shares=(1.0,)),
        leaving_per_day=Levels(values=(0.0,), shares=(1.0,)),
        one_time_share=0.0,
        leaving_factor_per_year=1.0,
        season_amplitude=0.0,
        season_peak_day=1,
        fading=Fading(days=0.0, purchase_factor=1.0, visit_factor=1.0),
        visits=Visits(kind="independent", per_day=DEFAULT.visits.per_day),
        spend=DEFAULT.spend,
        arrivals=DEFAULT.arrivals,
    ),
}


def named(name: str, others: tuple[str, ...] = ()) -> Company:
    """The company of that name.

    Parameters
    ----------
    name
        One of `COMPANIES`.
    others
        Names that a wrong one may have been meant for, too.

    Examples
    --------
    >>> named("no_signal").leaving_per_day.values
    (0.0,)
    >>> named("sparce")
    Traceback (most recent call last):
    pipeline.config.errors.BadParams: --setting sparce: no such company; did you mean 'sparse'?
    """
    if name in COMPANIES:
        return COMPANIES[name]
    names = (*COMPANIES, *others)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"write one of {', '.join(names)}"
    raise BadParams(f"--setting {name}: no such company; {hint}")
