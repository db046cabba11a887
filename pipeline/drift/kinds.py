"""What can move between two weeks, and what is said of it."""

from dataclasses import dataclass
from typing import Final

from pipeline.i18n import Sentence


@dataclass(frozen=True)
class Effect:
    """Something that moved.

    Attributes
    ----------
    kind
        One of `KINDS`.
    what
        The table, column, feature or channel; empty where there is only one.
    size
        How far: a share, a ratio or, for features, standard deviations; 0 is not at all.
    words
        What was there before and what is there now, in words.
    """

    kind: str
    what: str
    size: float
    words: Sentence

    @property
    def name(self) -> str:
        """The kind and what moved, under which earlier weeks keep the size."""
        return f"{self.kind} {self.what}".strip()


KINDS: Final = (
    *(
        "history_shrank",
        "history_grew",
        "amounts_changed",
        "customers_changed",
        "table_gone",
        "column_emptied",
        "outcomes_undone",
        "column_rescaled",
    ),
    *(
        "column_constant",
        "column_moved",
        "kind_gone",
        "channel_gone",
        "volume_moved",
        "refunds_moved",
        "owners_changed",
        "names_changed",
        "habits_changed",
        "register_fell",
        "consent_lost",
        "consent_moved",
        "consent_turned",
    ),
    *("feature_moved", "feature_missing", "scores_moved", "churners_moved", "customers_moved"),
)
"""All kinds, each with its own settings in ``params.yaml: drift``."""
TECHNICAL: Final = frozenset({"column_moved", "feature_moved", "feature_missing", "scores_moved"})
"""Those that say something to whoever works on the model, and nothing to whoever works from the list."""
