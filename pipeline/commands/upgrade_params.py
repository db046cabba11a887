"""``churn upgrade-params``: names and settings of this release in ``params.yaml`` and ``playbooks.yaml``."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.config import params
from pipeline.config.errors import BadParams
from pipeline.config.new_settings import add_missing
from pipeline.config.paths import PARAMS, PLAYBOOKS
from pipeline.config.shipped import find_shipped
from pipeline.config.upgrade import upgrade_rules, upgrade_settings
from pipeline.tables import storage

# No release has brought more sections than this at once.
MAX_SECTIONS_MISSING = 4


def run(files: Iterable[Path] = (PARAMS, PLAYBOOKS)) -> Iterator[str]:
    """Rewrite each file in place; a line for each name that changed or is new, or one that nothing had to.

    Parameters
    ----------
    files
        ``params.yaml``, overlays of it, or files of playbooks, which are known by their key ``playbooks``.

    Raises
    ------
    BadParams
        A file is not there.
    """
    for file in files:
        if not file.is_file():
            raise BadParams(f"{file}: not found; run from the folder that holds it, or name a file")
        text = file.read_text(encoding="utf-8")
        holds_playbooks = any(line.startswith("playbooks:") for line in text.splitlines())
        upgraded, notices = (upgrade_rules if holds_playbooks else _settings)(text)
        if upgraded != text:
            storage.write_text(upgraded, file)
        yield from (f"{file}: {notice}" for notice in notices)
        if not notices:
            yield f"{file}: has the names of this release already"


def _settings(text: str) -> tuple[str, list[str]]:
    renamed, notices = upgrade_settings(text)
    missing = params.missing_keys(params.content_of(renamed))
    # An overlay holds a few sections and is meant to lack the others.
    if sum("." not in key for key in missing) > MAX_SECTIONS_MISSING:
        return renamed, notices
    shipped = find_shipped(PARAMS.name).read_text(encoding="utf-8")
    complete, added = add_missing(renamed, shipped, missing)
    return complete, [*notices, *added]
