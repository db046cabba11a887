"""What a playbook may declare besides for whom and what: a discount, a promotion, a promise."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.config.params import Day

Text = Annotated[str, Field(min_length=1)]
Money = Annotated[float, Field(gt=0)]


def _one_or_several(value: object) -> object:
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list | tuple) or not several or not all(isinstance(one, str) and one for one in several):
        raise ValueError("must be a channel, or a list of channels in order of preference")
    return value if isinstance(value, str) else tuple(several)


Channels = Annotated[str | tuple[str, ...], BeforeValidator(_one_or_several)]


class _Terms(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Discount(_Terms):
    """A price reduction.

    Attributes
    ----------
    share
        Of an order, above 0 and below 1.
    """

    share: Annotated[float, Field(gt=0, lt=1)]


class Promotion(_Terms):
    """A promotion, and what has to be known of it before anybody is told.

    Attributes
    ----------
    was_price
        The price it is compared with, in currency units.
    lowest_price_before
        The lowest price of the 30 days before it began, in currency units.
    needs_order_of
        Least amount of an order that earns it, in currency units.
    stock
        Pieces that are there; 0 switches the playbook off.
    ends_day
        The last day it holds.
    """

    was_price: Money
    lowest_price_before: Money
    needs_order_of: Money | None = None
    stock: Annotated[int, Field(ge=0)] | None = None
    ends_day: Day | None = None

    def is_over(self, day: date) -> bool:
        """Whether it holds no longer on a day.

        >>> Promotion(was_price=5, lowest_price_before=5, ends_day="2024-01-31").is_over(date(2024, 2, 1))
        True
        """
        return self.ends_day is not None and day > self.ends_day


class Promise(_Terms):
    """What is promised to whoever is given the playbook.

    Attributes
    ----------
    what
        In words the customer would use.
    due_in_days
        Days from the list that gives it until it has to be kept.
    """

    what: Text
    due_in_days: Annotated[int, Field(ge=0, le=3650)]
