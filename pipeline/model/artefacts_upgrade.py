"""A model that the release before registered, with the names of this one: the weekly job goes on scoring with it."""

from pathlib import Path
from typing import Any, Final

from pipeline.config import renamed
from pipeline.tables import storage

FEATURES: Final = {"no_order_chance": renamed.COLUMNS["no_order_chance"]}
KEYS: Final = FEATURES | {"rhythm": "purchase_process", "judged": "evaluated", "words": "description"}


def is_of_this_release(folder: Path) -> bool:
    """Whether a model has the files and keys of this release; earlier ones took their fingerprint of others."""
    parts = [folder / name for name in ("churn.txt", "additive_logistic.json", "calibration.json", "model.json")]
    return all(file.is_file() for file in parts) and b'"rhythm"' not in parts[-1].read_bytes()


def upgrade(folder: Path) -> None:
    """Rename files, keys and features; a model of this release, or one that lacks parts, stays as it is.

    Parameters
    ----------
    folder
        A copy of the registered files; they are written anew.
    """
    for old, new in renamed.FILES.items():
        if (folder / old).is_file() and not (folder / new).is_file():
            storage.write_json(storage.read_json(folder / old), folder / new)
    card = folder / "model.json"
    if not card.is_file() or "rhythm" not in storage.read_json(card):
        return
    for file in sorted(folder.glob("*.json")):
        storage.write_json(_renewed(storage.read_json(file)), file)
    text = folder / "churn.txt"
    storage.write_text(_with_feature_names(text.read_text(encoding="utf-8")), text)


def _renewed(content: Any) -> Any:
    """JSON with new keys, and new names where a feature is named."""
    if isinstance(content, dict):
        return {KEYS.get(key, key): _renewed(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_renewed(value) for value in content]
    return FEATURES.get(content, content) if isinstance(content, str) else content


def _with_feature_names(text: str) -> str:
    """LightGBM's text with the new names; the length of each tree, which it also holds, does not depend on them.

    >>> _with_feature_names("feature_names=orders_90d no_order_chance")
    'feature_names=orders_90d p_no_purchase'
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("feature_names="):
            names = line.removeprefix("feature_names=").split(" ")
            lines[number] = "feature_names=" + " ".join(FEATURES.get(name, name) for name in names)
        elif (name := line.partition("=")[0]) in FEATURES:  # the importances at the end, a line each
            lines[number] = FEATURES[name] + line[len(name) :]
    return "\n".join(lines)
