"""A page in sections: each with a heading, a table, notes and a picture, written as Markdown or as HTML."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    title
        Its heading.
    heads, rows
        A table: the headings of its columns, and its rows as they are shown; empty where it has none.
    notes
        Sentences below it.
    points
        The same, as points of a list.
    picture
        A PNG; Markdown leaves it out.
    """

    title: str
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    picture: bytes | None = None

    def lines(self) -> Iterator[str]:
        """The section as Markdown.

        >>> for line in Section("By tier", ("tier", "kept"), (("new", "90.0 %"),), ("Few.",)).lines():
        ...     print(line)
        ## By tier
        | tier |   kept |
        | :--- | -----: |
        | new  | 90.0 % |
        <BLANKLINE>
        Few.
        """
        if self.title:
            yield f"## {self.title}"
        if self.heads:
            yield from table(self.heads, self.rows)
        # In Markdown a line right below a table would be a row of it.
        yield from ([""] if self.heads and (self.notes or self.points) else [])
        yield from self.notes
        yield from (f"- {point}" for point in self.points)


def percent(share: float) -> str:
    """A share (0-1) in percent, to a tenth.

    >>> percent(0.92), percent(1.1), percent(-0.1)
    ('92.0 %', '110.0 %', '-10.0 %')
    """
    return f"{share * 100:.1f} %"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows as Markdown, in columns as wide as their widest cell; figures to the right.

    >>> for line in table(("what", "value"), [("a", "1"), ("bc", "10.5 %")]):
    ...     print(line)
    | what |  value |
    | :--- | -----: |
    | a    |      1 |
    | bc   | 10.5 % |
    """
    # A bar in a name would end the cell.
    cells = [tuple(cell.replace("|", "/") for cell in row) for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    right = [is_figure(column, head) for column, head in enumerate(heads)]

    def line(row: tuple[str, ...]) -> str:
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    yield line(cells[0])
    marks = (f"{'-' * (w - 1)}:" if r else f":{'-' * (w - 1)}" for w, r in zip(widths, right, strict=True))
    yield f"| {' | '.join(marks)} |"
    yield from map(line, cells[1:])


def is_figure(column: int, head: str) -> bool:
    """Whether a column holds figures, which stand to the right; the first one and what is words do not."""
    return column > 0 and head not in WORDS


WORDS = frozenset(
    {
        *("definition", "what it means", "why", "cause", "kind", "group", "verdict", "over on"),
        *("now", "decided", "team", "band", "playbook", "begins", "renewal", "ends", "cancelled", "promise", "by whom"),
        *("due on", "kept on", "state", "last bought", "measured by", "who", "until", "status", "done on", "note"),
        *("touch point", "promises kept in time"),
    }
)
