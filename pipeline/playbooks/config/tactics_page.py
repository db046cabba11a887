"""The catalogue as ``docs/tactics.md`` shows it; ``python -m pipeline.playbooks.config.tactics_page`` prints it."""

import sys
from typing import Final

from pipeline.playbooks.config.tactics import COLUMNS, GROUPS, Tactic, tactics

# The group is the heading of its table.
SHOWN: Final = tuple(name for name in COLUMNS if name != "group")


def markdown() -> str:
    """A heading and a table for each group of tactics, in the order of the catalogue.

    >>> markdown().splitlines()[:3:2]
    ['### Rewards, offers, incentives', '| id | source | market | stages | trigger | segment | channel | who | cost | \
objective | caution | class | causes | inferred |']
    """
    parts = []
    for group, words in GROUPS.items():
        rows = [_cells(tactic) for tactic in tactics().values() if tactic.group == group]
        lines = [list(SHOWN), ["---"] * len(SHOWN), *rows]
        parts.append(f"### {words}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines))
    return "\n".join(parts)


def _cells(tactic: Tactic) -> list[str]:
    """The fields as text; several words are joined by a semicolon, and a dash stands where there is nothing."""
    values = [getattr(tactic, "class_" if name == "class" else name) for name in SHOWN]
    return [("; ".join(value) if isinstance(value, tuple) else value) or "–" for value in values]


if __name__ == "__main__":
    sys.stdout.write(markdown())
