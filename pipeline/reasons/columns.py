"""The columns of rendered reasons, as scores hold them and rules look at them."""

from typing import Final

REASONS: Final = ("reason_1_family", "reason_2_family", "reason_3_family")
CAUSES: Final = ("reason_1_causes", "reason_2_causes", "reason_3_causes")
# Known of a reason that is evidence, and not only what the model saw.
RISK_SHARES: Final = ("reason_1_risk_share", "reason_2_risk_share", "reason_3_risk_share")
