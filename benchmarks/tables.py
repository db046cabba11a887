"""Tables and lists of a page."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown of a table.

    >>> print(table(["company", "off by"], [["one", "1.2"]]))
    | company | off by |
    | --- | --- |
    | one | 1.2 |
    """
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def bullets(sentences: Iterable[str]) -> str:
    """Markdown of a list.

    >>> print(bullets(["One.", "Two."]))
    - One.
    - Two.
    """
    return "\n".join(f"- {sentence}" for sentence in sentences)
