"""Service: what the customer asked for help with, how long the answers took, and what is still open."""

from pipeline import sql
from pipeline.config.params import Features
from pipeline.config.slugs import slug
from pipeline.examples.features.declare import Aggregate, Feature, Formula, part

OPENED = frozenset({"tickets.opened_ts"})
ANSWERED = OPENED | {"tickets.first_answer_ts"}
RESOLVED = OPENED | {"tickets.resolved_ts"}
DISPUTES = RESOLVED | {"tickets.is_dispute"}
COMPLAINTS = OPENED | {"tickets.is_complaint"}
REOPENED = RESOLVED | {"tickets.reopened"}
TOPICS = OPENED | {"tickets.topic"}
# A dispute is a request of its own kind: it is counted as such, and not as a slow answer or a complaint as well.
NO_DISPUTE = "coalesce(is_dispute, 0) = 0"
IS_OPEN = "resolved_days_ago IS NULL"
UNANSWERED = "answered_days_ago IS NULL"
# A ticket on the same topic within this many days is the same request once more.
SAME_REQUEST_DAYS = 120


def features(settings: Features) -> list[Feature]:
    """Declare the family."""
    topics = [feature for topic, cause in settings.ticket_topics.items() for feature in _about(topic, cause)]
    return [*_volume(list(settings.ticket_topics)), *_open(), *_waiting(), *_repeated(), _silent(), *topics]


def _volume(topics: list[str]) -> list[Feature]:
    # What is about a topic that speaks of a cause is counted there, and not as a complaint about service as well.
    listed = ", ".join(sql.text(topic) for topic in topics)
    general = f"{NO_DISPUTE} AND (item IS NULL OR item NOT IN ({listed}))" if topics else NO_DISPUTE
    counted = [
        Feature(
            f"tickets_{days}d",
            "tickets",
            "service",
            Aggregate("count", "ticket", days=days),
            f"requests for help opened in the last {days} days",
            "up",
            needs=OPENED,
        )
        for days in (30, 90, 365)
    ]
    complaints = [
        Feature(
            f"complaints_{days}d",
            "tickets",
            "complaints",
            Aggregate("sum", "ticket", "is_complaint", days, only=general),
            f"complaints in the last {days} days, disputes and topics of their own left out",
            "up",
            needs=COMPLAINTS,
            causes=("C08",),
        )
        for days in (90, 365)
    ]
    reopened = Feature(
        "reopened_180d",
        "items",
        "complaints",
        Aggregate("sum", "ticket", "reopened", 180, only=general),
        "times that requests of the last 180 days were opened again; known once they are resolved",
        "up",
        needs=REOPENED,
        causes=("C08",),
    )
    last = Feature(
        "days_since_last_ticket",
        "days",
        "service",
        Aggregate("min", "ticket"),
        "days from the last request for help to the snapshot; missing without one",
        "none",
        needs=OPENED,
    )
    return [*counted, *complaints, reopened, last]


def _open() -> list[Feature]:
    return [
        _count(
            "tickets_open",
            f"{IS_OPEN} AND {NO_DISPUTE}",
            "requests not yet resolved, disputes left out",
            RESOLVED,
            ("C06", "C36"),
        ),
        _oldest(
            "oldest_open_ticket_days",
            f"{IS_OPEN} AND {NO_DISPUTE}",
            "a request still open after",
            RESOLVED,
            ("C36", "C06"),
        ),
        _count(
            "tickets_unanswered",
            f"{UNANSWERED} AND {NO_DISPUTE}",
            "requests nobody has answered yet, disputes left out",
            ANSWERED,
            ("C36", "C06"),
        ),
        _oldest(
            "longest_unanswered_days",
            f"{UNANSWERED} AND {NO_DISPUTE}",
            "a request unanswered for",
            ANSWERED,
            ("C36", "C06"),
        ),
        _count(
            "disputes_open", f"is_dispute = 1 AND {IS_OPEN}", "disputes not yet settled", DISPUTES, ("C38",), "disputes"
        ),
        _oldest(
            "oldest_dispute_days", f"is_dispute = 1 AND {IS_OPEN}", "a dispute open for", DISPUTES, ("C38",), "disputes"
        ),
    ]


def _count(
    name: str, only: str, words: str, needs: frozenset[str], causes: tuple[str, ...], family: str = "answers"
) -> Feature:
    how = Aggregate("count", "ticket", only=only)
    return Feature(name, "tickets", family, how, words, "up", needs, causes=causes)


def _oldest(
    name: str, only: str, phrase: str, needs: frozenset[str], causes: tuple[str, ...], family: str = "answers"
) -> Feature:
    how = Aggregate("max", "ticket", only=only)
    words = f"age of the oldest: {phrase} so many days; missing without one"
    return Feature(name, "days", family, how, words, "up", needs, causes=causes)


def _waiting() -> list[Feature]:
    return [
        part("answers", Aggregate("count", "ticket", "waited_days"), ANSWERED),
        part("answer_wait_sum", Aggregate("sum", "ticket", "waited_days"), ANSWERED),
        part("answers_90d", Aggregate("count", "ticket", "waited_days", 90), ANSWERED),
        part("answer_wait_sum_90d", Aggregate("sum", "ticket", "waited_days", 90), ANSWERED),
        _wait("answer_wait_mean_days", "answer_wait_sum / nullif(answers, 0)", "over all requests"),
        _wait("answer_wait_mean_90d_days", "answer_wait_sum_90d / nullif(answers_90d, 0)", "of the last 90 days"),
        Feature(
            "answer_wait_90d_per_usual",
            "ratio",
            "answers",
            # A day more on both sides: many are answered on the day itself.
            Formula("(answer_wait_mean_90d_days + 1) / (answer_wait_mean_days + 1)"),
            "waiting for answers in the last 90 days over the customer's own norm; 1 is no change",
            "up",
            ANSWERED,
            causes=("C36",),
        ),
    ]


def _wait(name: str, expression: str, of: str) -> Feature:
    words = f"mean days until the first answer, {of}; missing where nothing was answered"
    return Feature(name, "days", "answers", Formula(expression), words, "up", ANSWERED, causes=("C36",))


def _repeated() -> list[Feature]:
    again = f"same_topic_days <= {SAME_REQUEST_DAYS}"
    words = f"requests on a topic already raised within {SAME_REQUEST_DAYS} days before"
    return [
        Feature(
            "repeated_tickets_180d",
            "tickets",
            "requests",
            Aggregate("count", "ticket", days=180, only=again),
            f"{words}, in the last 180 days",
            "up",
            TOPICS,
            causes=("C06",),
        ),
        Feature(
            "repeated_tickets_unanswered",
            "tickets",
            "requests",
            Aggregate("count", "ticket", only=f"{again} AND {UNANSWERED}"),
            f"{words}, and not answered yet",
            "up",
            TOPICS | ANSWERED,
            causes=("C06",),
        ),
    ]


def _silent() -> Feature:
    return Feature(
        "is_silent",
        "yes/no",
        "silence",
        Formula("CAST(tickets_365d = 0 AND days_since_last_order_per_usual_gap > 2 AS INTEGER)"),
        "whether there was no order for twice the usual gap, and no request for help within a year either",
        "up",
        OPENED,
        causes=("C07",),
    )


def _about(topic: str, cause: str) -> list[Feature]:
    """Requests on a topic that the company knows to speak of a cause."""
    name, noun = f"tickets_{slug(topic)}", topic.replace("_", " ")
    return [
        Feature(
            f"{name}_{days}d",
            "tickets",
            f"about_{slug(topic)}",
            Aggregate("count", "ticket", days=days, item=topic),
            f"requests about {noun} in the last {days} days",
            "up",
            TOPICS,
            causes=(cause,),
            own_name=topic,
        )
        for days in (90, 180)
    ]
