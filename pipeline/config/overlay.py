"""The few lines a data set needs, written into ``params.yaml``: visible in ``git diff``, comments untouched."""

import re
from pathlib import Path
from typing import Any

from pipeline.config import params, paths, renamed
from pipeline.config.errors import BadParams
from pipeline.config.upgrade import upgrade_settings

# These name different things from one data set to the next, so they are replaced whole.
WHOLE = {"features.ticket_topics", "sources", "score.bands"}


def apply(overlay: Path, target: Path = paths.PARAMS) -> list[str]:
    """Write the settings of `overlay` into `target`, line by line.

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
    changed = _differences(wanted, current, (), overlay.name)
    for path in changed:
        start, end = _block(lines, path)
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


def _differences(
    wanted: dict[str, Any], current: dict[str, Any], parents: tuple[str, ...], file: str
) -> list[tuple[str, ...]]:
    changed = []
    for key, value in wanted.items():
        path = (*parents, key)
        if key not in current:
            raise BadParams(f"{file}: unknown key '{'.'.join(path)}'; {paths.PARAMS} has no such setting")
        if isinstance(value, dict) and ".".join(path) not in WHOLE:
            changed += _differences(value, current[key], path, file)
        elif value != current[key]:
            changed.append(path)
    return changed


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
