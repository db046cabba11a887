"""Who is about to stop buying, why, what it is worth, and what to do about it.

The rooms, in the order the data passes them:

- ``i18n`` are the languages of all texts, with their catalogues (``messages`` the sentences in no language yet);
- ``sources`` read what a company has, wherever it lies;
- ``tables`` are the canonical tables: checked, deduplicated, spread over buckets of customers;
- ``examples`` look at each customer from a day (a *snapshot*): features from strictly before it, labels from after it;
- ``model`` learns on earlier snapshots and is judged on a later one;
- ``reasons`` split a score into what raises and what lowers it, and say so in words;
- ``playbooks`` choose one action per customer, or none, with the reason;
- ``drift`` holds what a week sees of the data against what the last one saw;
- ``lists`` write the week that people open;
- ``retention`` says how many customers and how much revenue were kept in a period;
- ``readout`` measures what playbooks bring about against the control group;
- ``simulate`` makes a company whose truth is known, to judge all of this by.

``stages`` are the six steps of ``dvc repro``; ``cli`` is the ``churn`` command, whose weekly job calls the same steps.
``docs/glossary.md`` fixes the words.

The door for notebooks and scripts is ``api``: ``from pipeline import Project, ChurnClassifier, SnapshotSplit``.
"""

import importlib
from typing import Any, Final

__all__ = ["ChurnClassifier", "Project", "SnapshotSplit"]

# Loaded when first asked for: whoever wants a hash of an id does not wait for LightGBM.
_DOOR: Final = {
    "ChurnClassifier": "pipeline.api.classifier",
    "Project": "pipeline.api.project",
    "SnapshotSplit": "pipeline.api.snapshot_split",
}


def __getattr__(name: str) -> Any:
    if name in _DOOR:
        return getattr(importlib.import_module(_DOOR[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
