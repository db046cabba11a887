"""What settings, columns, files and options were called one release ago, and what they are called now.

An old name is accepted until the next release, with a line that says the new one; ``churn upgrade-params`` writes the
new names into a file. Whoever renames something public adds a line here, and nowhere else.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

# Dotted names in ``params.yaml``. A section comes before its keys, whose old names stand under the section's new one.
SETTINGS: Final[Mapping[str, str]] = {
    "contract": "data_requirements",
    "data_requirements.least_customers": "data_requirements.min_customers",
    "data_requirements.least_churners": "data_requirements.min_churners",
    "data_requirements.least_stayed": "data_requirements.min_stayed",
    "data_requirements.least_histories": "data_requirements.min_histories",
    "data_requirements.least_churn_rate": "data_requirements.min_churn_rate",
    "data_requirements.most_churn_rate": "data_requirements.max_churn_rate",
    "feeds.least_silent_days": "feeds.min_silent_days",
    "model.wide": "model.additive_logistic",
    "model.rhythm": "model.purchase_process",
    "model.season": "model.seasonality",
    "model.row_share": "model.bagging_fraction",
    "model.feature_share": "model.feature_fraction",
    "evaluate.least_training_snapshots": "evaluate.min_training_snapshots",
    "evaluate.answered_for_by": "evaluate.approved_by",
    "guards.least_margin_share": "guards.min_margin_share",
    "guards.most_offers": "guards.max_offers",
    "guards.least_nps": "guards.min_nps",
    "guards.least_csat": "guards.min_csat",
    "contact.most_per_day": "contact.max_per_day",
    "contact.most_per_week": "contact.max_per_week",
    "contact.most_offers_in_window": "contact.max_offers_in_window",
    "contact.most_offer_share": "contact.max_offer_share",
    "contact.most_unanswered": "contact.max_unanswered",
    "words": "language",
    "language.language": "language.default",
    "language.of_owners": "language.by_owner",
    "language.catalogues": "language.catalogs",
}
# Columns of scores, contributions and actions, and names that rules in ``playbooks.yaml`` may speak of.
COLUMNS: Final[Mapping[str, str]] = {
    "margin": "log_odds",
    "base_margin": "base_log_odds",
    "no_order_chance": "p_no_purchase",
    "expected_kept": "expected_saved_value",
    "stage": "lifecycle",
    "evident_causes": "evidence_causes",
}
# Files of a model.
FILES: Final[Mapping[str, str]] = {"wide.json": "additive_logistic.json"}
# Options of the ``churn`` command.
OPTIONS: Final[Mapping[str, str]] = {"--leaks": "--leakage", "--answered-for-by": "--approved-by"}

# A word outside quotes: what stands in quotes is a value, not a name.
_QUOTED_OR_NAME: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\b[a-z_0-9]+\b")


def settings(content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings under their new names, and a sentence for each old one that was found.

    An old name beside its new one stays where it is, and is refused as unknown: nobody knows which of the two is meant.

    Examples
    --------
    >>> settings({"model": {"row_share": 0.8}})
    ({'model': {'bagging_fraction': 0.8}}, ['model.row_share is called model.bagging_fraction now'])
    """
    fresh, notices = dict(content), []
    for old, new in SETTINGS.items():
        *parents, old_key = old.split(".")
        new_key = new.rpartition(".")[2]
        section = fresh[parents[0]] if parents and isinstance(fresh.get(parents[0]), dict) else None
        inner = fresh if not parents else section
        if inner is None or old_key not in inner or new_key in inner:
            continue
        renamed = {new_key if key == old_key else key: value for key, value in inner.items()}
        fresh = renamed if not parents else fresh | {parents[0]: renamed}
        notices.append(f"{old} is called {new} now")
    return fresh, notices


def rule(text: str) -> tuple[str, list[str]]:
    """A rule with the new names, and a sentence for each old one.

    Examples
    --------
    >>> rule("stage = medium and region is 'stage'")
    ("lifecycle = medium and region is 'stage'", ['stage is called lifecycle now'])
    """
    notices = []

    def new_name(match: re.Match[str]) -> str:
        name = match.group()
        if name not in COLUMNS:
            return name
        notices.append(f"{name} is called {COLUMNS[name]} now")
        return COLUMNS[name]

    return _QUOTED_OR_NAME.sub(new_name, text), notices


def playbooks(content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The content of ``playbooks.yaml`` with the new names in its rules, and a sentence for each old one."""
    books, notices = content.get("playbooks"), []
    if not isinstance(books, dict):
        return content, []
    fresh = {}
    for name, book in books.items():
        if isinstance(book, dict) and isinstance(book.get("when"), str):
            text, sentences = rule(book["when"])
            notices += [f"playbooks.{name}.when: {sentence}" for sentence in sentences]
            fresh[name] = book | {"when": text}
        else:
            fresh[name] = book
    return content | {"playbooks": fresh}, notices
