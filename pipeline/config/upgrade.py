"""A settings file with the names of this release in place of old ones, line by line: comments and order stay."""

import re
from collections.abc import Sequence

from pipeline.config import renamed


def upgrade_settings(text: str) -> tuple[str, list[str]]:
    r"""The text of a ``params.yaml``, or of an overlay, with new names for keys that stand on lines of their own.

    Returns
    -------
    str
        The text.
    list of str
        A sentence for each key that was renamed.

    Examples
    --------
    >>> text, notices = upgrade_settings('words:\n  # whom\n  of_owners: {}\n')
    >>> text
    'language:\n  # whom\n  by_owner: {}\n'
    >>> notices
    ['words is called language now', 'language.of_owners is called language.by_owner now']
    """
    lines, notices = text.splitlines(keepends=True), []
    for old, new in renamed.SETTINGS.items():
        line = find_key(lines, old.split("."))
        if line is not None and find_key(lines, new.split(".")) is None:
            lines[line] = lines[line].replace(old.rpartition(".")[2], new.rpartition(".")[2], 1)
            notices.append(f"{old} is called {new} now")
    return "".join(lines), notices


def upgrade_rules(text: str) -> tuple[str, list[str]]:
    """The text of a ``playbooks.yaml`` with new names in rules that stand on the line of their ``when:``."""
    notices: list[str] = []

    def renew(match: re.Match[str]) -> str:
        rule, sentences = renamed.rule(match[2])
        notices.extend(sentences)
        return match[1] + rule

    return re.sub(r"(?m)^(\s+when: )(.*)$", renew, text), notices


def find_key(lines: Sequence[str], path: Sequence[str]) -> int | None:
    """The number of the line on which a key stands, indented by two blanks per level; None where it does not."""
    start, end = 0, len(lines)
    for depth, key in enumerate(path):
        indent = "  " * depth
        key_line = re.compile(rf"{indent}{re.escape(key)}:")
        line = next((n for n in range(start, end) if key_line.match(lines[n])), None)
        if line is None:
            return None
        start = line + 1
        deeper = re.compile(rf"\s*$|{indent}  |\s*#")
        end = next((n for n in range(start, end) if not deeper.match(lines[n])), end)
    return start - 1
