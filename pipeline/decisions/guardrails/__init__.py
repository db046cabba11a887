"""Guards: what no playbook may do to a customer, whatever its rule says; each one is a module with a function ``held``.

`GUARDS` are those that hold back new actions and open ones of earlier lists alike; `NEW_ONLY` those that are about
giving. What can be seen from the playbook alone is refused when the file is read, in `declared_checks`.
"""

from typing import Final

from pipeline.decisions.context import Rule
from pipeline.decisions.guardrails import apart, discount, dispute, promotion, quality, recommendation, renewal, retired

GUARDS: Final[tuple[Rule, ...]] = (
    *(retired.held, dispute.held, promotion.held, quality.held, discount.held, recommendation.held, renewal.held),
)
NEW_ONLY: Final[tuple[Rule, ...]] = (apart.held,)

__all__ = ["GUARDS", "NEW_ONLY"]
