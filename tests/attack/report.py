"""What came of attacking three companies, as a table; its functions run in processes of their own."""

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attack.faults import FAMILIES
from tests.attack.injected import Outcome, attacked, clean_weeks
from tests.company import ROOT

PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- written by python -m tests.attack -->", "<!-- until here -->"
ROUNDS, CLEAN, SEED = 2, 67, 2
KINDS = ("stopped", "warned", "nothing moved", "silent")


def outcomes(name: str, folder: Path) -> Iterator[Outcome]:
    """Every family on one company, `ROUNDS` times, at a strength that is drawn."""
    target, dice = attacked(name, folder), random.Random(f"{SEED}{name}")
    for number in range(ROUNDS):
        for family in FAMILIES:
            strength = 1.0 if number == 0 and dice.random() < 0.5 else 0.05 + 0.9 * dice.random()
            yield target.inject(family, strength, dice.randrange(2**32))


def table(found: list[Outcome], stops: int, weeks: int) -> str:
    """What came of it, family by family."""
    lines = [
        "| what goes wrong | strengths | stopped | warned | nothing moved | silent |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for family, fault in FAMILIES.items():
        mine = [one for one in found if one.family == family]
        kinds = Counter(one.kind for one in mine)
        low, high = min(one.strength for one in mine), max(one.strength for one in mine)
        what = (fault.__doc__ or "").partition("\n")[0].rstrip(".")
        lines.append(f"| {what} | {low:.2f} to {high:.2f} | {' | '.join(str(kinds[kind]) for kind in KINDS)} |")
    total = Counter(one.kind for one in found)
    lines.append(f"| **all {len(found)} weeks** | | {' | '.join(f'**{total[kind]}**' for kind in KINDS)} |")
    moved = max((one.moved for one in found if one.is_silent), default=0.0)
    after = f"Of {weeks} weeks in which nothing was wrong {stops} {'was' if stops == 1 else 'were'} stopped."
    return "\n".join(
        [*lines, "", after + (f" The silent ones moved up to {moved:.0%} of the actions." if moved else "")]
    )


def injected(name: str) -> list[Outcome]:
    """Everything that is done to one company, in a folder of its own; says what came of it as it comes."""
    found = []
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        for one in outcomes(name, Path(folder)):
            found.append(one)
            words = f"{one.kind}: {name} {one.family} {one.strength} {one.moved} {one.new_words}"
            sys.stdout.write(f"{words}\n")
            sys.stdout.flush()
        os.chdir(ROOT)
    return found


def clean(name: str) -> list[int]:
    """The exit codes of the weeks of one company in which nothing is wrong."""
    codes = []
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        for day, week in clean_weeks(name, Path(folder), CLEAN):
            codes.append(week.code)
            sys.stdout.write(f"clean {name} {day}: {week.code} {week.says if week.code else ''}\n")
            sys.stdout.flush()
        os.chdir(ROOT)
    return codes
