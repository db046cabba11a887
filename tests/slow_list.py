"""Write ``tests/slow.txt`` anew from a run of all tests: ``pytest --junitxml=FILE``, then ``python -m tests.slow_list FILE``."""

import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests/slow.txt"
# Seconds of the slowest case of a test, and of all its cases together, from which on `make fast` leaves it out.
CASE, TOGETHER = 0.15, 1.5
HEAD = """\
# Tests that `make fast` leaves out for the time they take, by file where all of its tests do, or by name; sorted.
# Written by `python -m tests.slow_list`; a test that is marked end_to_end or browser is left out anyway.
"""


def slow_tests(report: Path) -> list[str]:
    """The slow tests of a junit report; a file whose tests are all slow stands for them."""
    seconds: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case in ElementTree.parse(report).iter("testcase"):
        file = f"{case.get('classname', '').replace('.', '/')}.py"
        if (ROOT / file).is_file() and file.startswith("tests/"):
            seconds[file][case.get("name", "").partition("[")[0]].append(float(case.get("time", 0)))
    lines = []
    for file, tests in seconds.items():
        slow = [name for name, each in tests.items() if max(each) > CASE or sum(each) > TOGETHER]
        lines += [file] if len(slow) == len(tests) else [f"{file}::{name}" for name in slow]
    return sorted(lines)


if __name__ == "__main__":
    FILE.write_text(HEAD + "\n".join(slow_tests(Path(sys.argv[1]))) + "\n", encoding="utf-8")
