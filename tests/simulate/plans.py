"""Plans and companies the tests of the simulation share."""

from typing import Any

from pipeline.config.params import Label
from pipeline.simulate import Company, Plan, named


def plan(company: Company | str, **changes: Any) -> Plan:
    """A plan for one company: half a block of customers over a year, truth every 60 days."""
    content: dict[str, Any] = {
        "customers": 2048,
        "days": 400,
        "seed": 1,
        "every_days": 60,
        "gap_days": 0,
        "horizon_days": 60,
    }
    content |= changes
    content.setdefault("arrival_days", content["days"])
    label = Label(kind="inactivity", gap_days=content.pop("gap_days"), horizon_days=content.pop("horizon_days"))
    return Plan(company=named(company) if isinstance(company, str) else company, label=label, **content)


def levels(*values: float) -> dict[str, Any]:
    """Equally frequent levels."""
    return {"values": tuple(float(value) for value in values), "shares": (1 / len(values),) * len(values)}


def company(**changes: Any) -> Company:
    """The default company with whole sections replaced, checked anew."""
    return Company.model_validate(named("default").model_dump() | changes)
