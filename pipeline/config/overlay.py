"""The few lines a data set needs, written into ``params.yaml``: visible in ``git diff``, comments untouched."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.config import params, paths, renamed
from pipeline.config.errors import BadParams
from pipeline.config.upgrade import upgrade_settings

# These name different things from one data set to the next, so they are replaced whole.
WHOLE = {"features.ticket_topics", "sources", "score.bands"}
PLACES = {"path", "sample", "sql"}


def apply(overlay: Path, target: Path = paths.PARAMS) -> list[str]:
    """Write the settings of `overlay` into `target`, line by line.

    Sources that each say where they lie and what their columns are called take the place of all there are. Where one of
    them does not, it changes no more of a source than it says, and the others stay.

    Parameters
    ----------
    overlay
        A YAML file with some of the sections and keys of ``params.yaml``.
    target
        The file to change.

    Returns
    -------
    list of str
        The dotted names of the settings that changed, in the order of the overlay.

    Raises
    ------
    BadParams
        Either file cannot be read, the overlay names an unknown key, or the result would not be valid; the target is
        then as it was.
    """
    # Old names of one release ago are written as the new ones, in both files.
    wanted, _ = renamed.settings(params.read_yaml(overlay, BadParams))
    current, _ = renamed.settings(params.read_yaml(target, BadParams))
    source, lines = (upgrade_settings(file.read_text(encoding="utf-8"))[0].splitlines() for file in (overlay, target))
    whole = WHOLE - {"sources"} if _changes_sources(wanted, current) else WHOLE
    changed = _differences(wanted, current, (), overlay.name, whole)
    for path in changed:
        start, end = _block(lines, path) if _has(current, path) else _end_of_block(lines, path[:-1])
        from_start, from_end = _block(source, path)
        lines[start:end] = source[from_start:from_end]
    text = "\n".join(lines) + "\n"
    before = target.read_text(encoding="utf-8")
    target.write_text(text, encoding="utf-8")
    try:
        params.load(target)
    except BadParams:
        target.write_text(before, encoding="utf-8")
        raise
    return [".".join(path) for path in changed]


def apply_text(text: str, target: Path = paths.PARAMS) -> list[str]:
    """The same for settings that are no file of the company's, such as what a command proposes; see `apply`."""
    with TemporaryDirectory(prefix="churn-") as folder:
        overlay = Path(folder) / "settings.yaml"
        overlay.write_text(text, encoding="utf-8")
        return apply(overlay, target)


def _changes_sources(wanted: dict[str, Any], current: dict[str, Any]) -> bool:
    """Whether the sources of an overlay change some of those there are, rather than being those of other data.

    A source that says both where it lies and what its columns are called stands by itself.
    """
    sources = wanted.get("sources")
    if not isinstance(sources, dict) or not isinstance(current.get("sources"), dict):
        return False
    stand_alone = [isinstance(one, dict) and "columns" in one and bool(PLACES & set(one)) for one in sources.values()]
    return not all(stand_alone)


def _differences(
    wanted: dict[str, Any], current: dict[str, Any], parents: tuple[str, ...], file: str, whole: set[str]
) -> list[tuple[str, ...]]:
    changed = []
    for key, value in wanted.items():
        path = (*parents, key)
        if key not in current and parents[:1] != ("sources",):
            raise BadParams(f"{file}: unknown key '{'.'.join(path)}'; {paths.PARAMS} has no such setting")
        there = current.get(key)
        is_source = parents == ("sources",) and isinstance(value, dict) and "columns" in value and PLACES & set(value)
        if isinstance(value, dict) and isinstance(there, dict) and ".".join(path) not in whole and not is_source:
            changed += _differences(value, there, path, file, whole)
        elif value != there:
            changed.append(path)
    return changed


def _has(settings: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(settings, dict) or key not in settings:
            return False
        settings = settings[key]
    return True


def _end_of_block(lines: list[str], path: tuple[str, ...]) -> tuple[int, int]:
    """Where a setting that is not there yet belongs: behind the last one of its section."""
    _, end = _block(lines, path)
    return end, end


def _block(lines: list[str], path: tuple[str, ...]) -> tuple[int, int]:
    """First line of a key and the line after its last, comments of the next key not included."""
    start, end = 0, len(lines)
    for depth, key in enumerate(path):
        indent = "  " * depth
        key_line = re.compile(rf"{indent}{re.escape(key)}:")
        line_number = next((number for number in range(start, end) if key_line.match(lines[number])), None)
        if line_number is None:
            raise BadParams(
                f"'{'.'.join(path)}' does not stand on a line of its own, indented by two blanks per level; write it so"
            )
        start = line_number
        deeper = re.compile(rf"\s*$|{indent}  ")
        end = next((number for number in range(start + 1, end) if not deeper.match(lines[number])), end)
        while depth == len(path) - 1 and end > start + 1 and not lines[end - 1].strip():
            end -= 1
        if depth < len(path) - 1:
            start += 1
    return start, end
