"""Satisfaction: what the customer answered when asked, how that changed, and whether there was an answer at all."""

from pipeline.config.params import Features
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part
from pipeline.tables.schemas import SURVEY_SCALES

SCORE = frozenset({"surveys.score", "surveys.kind"})
LATELY_DAYS = 120
# Kind of survey -> what people call it, and from which score on somebody is satisfied.
KINDS = {"nps": ("NPS answer", 9), "csat": ("satisfaction", 4)}


def features(_settings: Features) -> list[Feature]:
    """Declare the family."""
    return [*(feature for kind in KINDS for feature in _answers(kind)), *_asked(), *_connection()]


def _answers(kind: str) -> list[Feature]:
    noun, best = KINDS[kind][0], SURVEY_SCALES[kind]
    latest, change = f"{kind}_latest", f"{kind}_change"
    return [
        part(f"{kind}_answers", Aggregate("count", "survey", "score", item=kind), SCORE),
        part(f"{kind}_sum", Aggregate("sum", "survey", "score", item=kind), SCORE),
        Feature(
            latest,
            "score",
            "satisfaction",
            Aggregate("min", "survey", "score", item=kind, only="is_latest"),
            f"the latest {noun}, 0 to {best}; missing without one",
            "down",
            SCORE,
            causes=("C08", "C12", "C17"),
        ),
        Feature(
            change,
            "score",
            "satisfaction",
            Formula(f"{latest} - ({kind}_sum - {latest}) / nullif({kind}_answers - 1, 0)"),
            f"the latest {noun} less the mean of those before",
            "down",
            SCORE,
            causes=("C12", "C08"),
        ),
        Feature(
            f"days_since_last_{kind}",
            "days",
            "satisfaction",
            Aggregate("min", "survey", item=kind),
            f"days from the last {noun} to the snapshot; missing without one",
            "none",
            SCORE,
        ),
    ]


def _asked() -> list[Feature]:
    return [
        part("surveys_365d", Aggregate("count", "survey_sent", days=365), SCORE),
        Feature(
            "surveys_unanswered_365d",
            "surveys",
            "satisfaction",
            Aggregate("sum", "survey_sent", "unanswered", 365),
            "surveys of the last 365 days without an answer",
            "up",
            SCORE,
            causes=("C02", "C56"),
        ),
        Feature(
            "surveys_unanswered_share_365d",
            "share",
            "satisfaction",
            Formula("surveys_unanswered_365d / nullif(surveys_365d, 0)"),
            "surveys of the last 365 days without an answer, over all that were sent",
            "up",
            SCORE,
            causes=("C02", "C56"),
        ),
    ]


def _connection() -> list[Feature]:
    """A good answer is no tie: most who leave had said they were satisfied."""
    content = " OR ".join(
        f"coalesce({kind}_latest >= {least} AND days_since_last_{kind} <= {LATELY_DAYS}, false)"
        for kind, (_, least) in KINDS.items()
    )
    return [
        Feature(
            "is_satisfied_but_silent",
            "yes/no",
            "connection",
            Formula(f"CAST(({content}) AND coalesce(days_since_last_order_per_usual_gap > 1.5, false) AS INTEGER)"),
            f"whether the latest answer was a good one of the last {LATELY_DAYS} days, and the last order is more than "
            "1.5 usual gaps ago",
            "up",
            SCORE,
            causes=("C02",),
        ),
        Feature(
            "is_satisfied_but_unseen",
            "yes/no",
            "connection",
            Formula(f"CAST(({content}) AND events_30d <= 1 AS INTEGER)"),
            f"whether the latest answer was a good one of the last {LATELY_DAYS} days, and there was at most one "
            "event in the last 30",
            "up",
            SCORE | {"events.event_type"},
            causes=("C02",),
        ),
        Feature(
            "is_newcomer_dissatisfied",
            "yes/no",
            # Not of the first order: a low score is what any trouble leaves behind, and more is said of each elsewhere.
            "satisfaction",
            Formula(
                "CAST(days_since_first_order <= 120 AND orders_ever <= 2 AND coalesce(csat_latest <= 2, false) "
                "AS INTEGER)"
            ),
            "whether there were one or two orders, the first at most 120 days ago, and satisfaction is 2 of 5 or less",
            "up",
            SCORE,
            causes=("C17", "C11"),
        ),
    ]
