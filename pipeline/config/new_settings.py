"""Settings that are new in this release, written into a settings file of before with their sentence and usual value."""

import re
from collections.abc import Sequence

from pipeline.config.upgrade import find_key


def add_missing(text: str, shipped: str, missing: Sequence[str]) -> tuple[str, list[str]]:
    r"""The text of a ``params.yaml`` with the settings it lacks, each behind the one that stands before it as shipped.

    Parameters
    ----------
    text
        The file.
    shipped
        The ``params.yaml`` of this release.
    missing
        Which keys are missing, such as ``contact.max_tries``.

    Returns
    -------
    str
        The text.
    list of str
        A sentence for each setting.

    Examples
    --------
    >>> shipped = 'contact:\n  # days\n  open_days: 14\n  # how often\n  max_tries: 3\nlists: {}\n'
    >>> text, notices = add_missing('contact:\n  open_days: 7\nlists: {}\n', shipped, ["contact.max_tries"])
    >>> text
    'contact:\n  open_days: 7\n  # how often\n  max_tries: 3\nlists: {}\n'
    >>> notices
    ['contact.max_tries is new, and has its usual value now']
    """
    lines, source, notices = text.splitlines(keepends=True), shipped.splitlines(keepends=True), []
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for key in missing:
        place = _place(lines, source, key)
        block = _block(source, key)
        if place is None or block is None:
            notices.append(f"{key} is new; write it by hand, as in the params.yaml of this release")
            continue
        lines[place:place] = block
        notices.append(f"{key} is new, and has its usual value now")
    return "".join(lines), notices


def _block(source: Sequence[str], key: str) -> list[str] | None:
    """A setting as shipped: the comment above it, its line, and what is indented below."""
    line = find_key(source, key.split("."))
    if line is None:
        return None
    start = line
    comment = re.compile(rf"{_indent(key)}#")
    while start and comment.match(source[start - 1]):
        start -= 1
    return [*source[start : _end(source, line, key)]]


def _place(lines: Sequence[str], source: Sequence[str], key: str) -> int | None:
    """Where a setting belongs; None where the section around it is not written line by line."""
    path = key.split(".")
    for before in reversed(_siblings_before(source, path)):
        line = find_key(lines, before.split("."))
        if line is not None:
            return _end(lines, line, before)
    parent = find_key(lines, path[:-1]) if path[:-1] else None
    if parent is None or not re.match(r"\s*\w+:\s*(#.*)?$", lines[parent]):
        return None
    return parent + 1


def _siblings_before(source: Sequence[str], path: Sequence[str]) -> list[str]:
    own = find_key(source, path)
    section = find_key(source, path[:-1]) if path[:-1] else -1
    if own is None or section is None:
        return []
    sibling = re.compile(rf"{'  ' * (len(path) - 1)}(\w+):")
    names = [match[1] for line in source[section + 1 : own] if (match := sibling.match(line))]
    return [".".join([*path[:-1], name]) for name in names]


def _end(lines: Sequence[str], line: int, key: str) -> int:
    """The line behind a setting: behind what is indented deeper, before blank lines and the comment of the next one."""
    deeper = re.compile(rf"{_indent(key)} +\S")
    end = line + 1
    for number in range(line + 1, len(lines)):
        if deeper.match(lines[number]):
            end = number + 1
        elif lines[number].strip():
            break
    return end


def _indent(key: str) -> str:
    return "  " * key.count(".")
