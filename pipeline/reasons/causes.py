"""Why customers leave: 56 causes, whether anything can be done, by whom, and what to ask where no data show them.

Ids and contents follow the catalogue of causes in ``docs/causes.md``. A feature names the causes it speaks for. That is
an association: the numbers of a customer look as they do where that cause is at work, which proves nothing about this
one. Where none of a company's features speaks for a cause, the cause is a blind spot, and somebody has to ask.
"""

from dataclasses import dataclass
from typing import Literal

from pipeline.examples.features.declare import Feature

Act = Literal["yes", "partly", "no"]
Kind = Literal["avoidable", "natural"]
NATURAL = frozenset({"C27", "C28"})
"""Causes of the outflow that every company has, whatever it does: efforts to keep these customers hardly help, while
asking those who left does. All others are avoidable."""


@dataclass(frozen=True)
class Cause:
    """A cause of churn.

    Attributes
    ----------
    id
        ``C01`` to ``C56``.
    description
        What it is, in words for everybody.
    act
        Whether the company can do something about it.
    who
        The team that could.
    question
        What to ask a customer or the teams, where the data cannot show it.
    """

    id: str
    description: str
    act: Act
    who: str
    question: str

    @property
    def kind(self) -> Kind:
        """Whether it is part of the natural outflow, or could have been avoided."""
        return "natural" if self.id in NATURAL else "avoidable"


_LIST: tuple[tuple[str, str, Act, str, str], ...] = (
    ("C01", "neglected after the sale", "yes", "customer success", "Has anybody looked after you since you bought?"),
    ("C02", "satisfied, but without any tie", "yes", "customer success", "Whom do you know with us by name?"),
    ("C03", "long with us, never rewarded", "yes", "marketing", "What have you ever had from us for staying?"),
    ("C04", "does not feel appreciated", "yes", "customer success", "When did we last say thank you?"),
    ("C05", "treated like everybody after years", "yes", "marketing", "What should we know about you by now?"),
    ("C06", "the same request raised again and ignored", "yes", "service", "What have you asked for more than once?"),
    ("C07", "bare minimum of service, and no complaint", "yes", "service", "Is what you get worth what you pay?"),
    ("C08", "poor or rude service", "yes", "service", "How were you treated when you last needed us?"),
    ("C09", "poor quality of the product", "partly", "product", "What broke, or was not as it should be?"),
    ("C10", "a broken promise", "yes", "customer success", "What did we promise and not keep?"),
    ("C11", "sold more than the product can do", "yes", "sales", "What had you been told that was not so?"),
    ("C12", "trust damaged", "yes", "customer success", "When did you begin to doubt us?"),
    ("C13", "weak reputation", "partly", "marketing", "What do others say about us?"),
    ("C14", "treated as a single sale", "yes", "sales", "Did anybody tell you what comes next?"),
    ("C15", "a long natural cycle, not a lost customer", "yes", "marketing", "When will you need it next?"),
    ("C16", "has forgotten us after the first purchase", "yes", "marketing", "Where did you look instead?"),
    ("C17", "disappointed by the first purchase", "yes", "service", "What did you expect of your first purchase?"),
    ("C18", "product not understood", "yes", "customer success", "Which part of it do you not use?"),
    ("C19", "client's staff do not understand the product", "yes", "customer success", "Who in your company uses it?"),
    ("C20", "dealer cannot sell the product on", "yes", "sales", "What do your customers ask that you cannot answer?"),
    ("C21", "poor start, adoption not supported", "yes", "customer success", "How far were you after a month?"),
    ("C22", "business goals not met", "yes", "customer success", "What should be better by now?"),
    ("C23", "the problem is gone", "partly", "product", "Do you still have the need you bought it for?"),
    ("C24", "works less well than it did", "yes", "product", "What did it do better a year ago?"),
    ("C25", "taken in-house or replaced", "partly", "sales", "What do you use instead?"),
    ("C26", "renewal undecided, open concerns", "yes", "customer success", "What must be clear before you renew?"),
    ("C27", "better terms elsewhere", "partly", "sales", "Which offer did you compare us with?"),
    ("C28", "moves away", "no", "nobody", "Do you still live or work where we deliver?"),
    ("C29", "a service that others have is missing", "yes", "product", "What did you find only elsewhere?"),
    ("C30", "one product only; other needs not asked about", "yes", "sales", "What else do you buy, and from whom?"),
    ("C31", "nothing new for long", "yes", "product", "When did we last surprise you?"),
    ("C32", "contacts without value", "yes", "customer success", "Which of our messages helped you?"),
    ("C33", "too many messages", "yes", "marketing", "How often do you want to hear from us?"),
    ("C34", "teams get in touch without knowing of each other", "yes", "marketing", "Did our messages contradict?"),
    ("C35", "messages only ask to buy", "yes", "marketing", "What would you rather read from us?"),
    ("C36", "slow or unclear answers", "yes", "service", "How long did you wait for your last answer?"),
    ("C37", "cannot reach us", "yes", "service", "How did you try to reach us without success?"),
    ("C38", "a dispute not settled", "yes", "service", "What is still open between us?"),
    ("C39", "site hard to use", "yes", "product", "Where on the site did you give up?"),
    ("C40", "information hard to read", "yes", "product", "What did you look for and not find?"),
    ("C41", "ordering is confusing", "yes", "product", "At which step did you stop ordering?"),
    ("C42", "narrow range, dearer, or out of stock", "partly", "product", "What did you want that we did not have?"),
    ("C43", "forced registration or long forms", "yes", "product", "Which form did you not finish?"),
    ("C44", "dishonest promotion", "yes", "marketing", "Which offer was not what it seemed?"),
    ("C45", "conditions of a promotion cannot be met", "yes", "marketing", "Which offer could you not use?"),
    ("C46", "promoted item not available", "yes", "marketing", "What was gone when you came for it?"),
    ("C47", "buys only when something is reduced", "yes", "marketing", "Do you wait for the next reduction?"),
    ("C48", "use of the product has ended", "yes", "marketing", "Is what you bought used up or worn out?"),
    ("C49", "too much choice", "yes", "marketing", "Between which products could you not decide?"),
    ("C50", "never the right customer", "yes", "sales", "Why did you buy from us in the first place?"),
    ("C51", "crisis or mood of the market", "partly", "management", "What has changed in your own business?"),
    ("C52", "an ordinary experience", "partly", "management", "What do you remember of your last visit?"),
    ("C53", "doubt or indifference", "partly", "sales", "What makes you hesitate?"),
    ("C54", "away for long, bonus unused", "yes", "marketing", "Did you know what you have on your account?"),
    ("C55", "habit broken", "yes", "marketing", "What has changed in how you shop?"),
    ("C56", "nobody asks for their opinion", "yes", "customer success", "What became of what you told us?"),
)  # fmt: skip
CAUSES = {entry[0]: Cause(*entry) for entry in _LIST}


def blind_spots(features: list[Feature]) -> list[Cause]:
    """The causes for which none of a company's features speaks.

    >>> [cause.id for cause in blind_spots([])][:3]
    ['C01', 'C02', 'C03']
    """
    seen = {cause for feature in features if feature.risk != "none" for cause in feature.causes}
    return [cause for cause in CAUSES.values() if cause.id not in seen]
