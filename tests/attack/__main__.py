"""Attack three companies with every family of faults and write what came of it into the page: ``python -m tests.attack``.

It takes half an hour. The table stands between two marks of `docs/reliability.md`; what is around them is written by hand.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.attack import report
from tests.attack.companies import NAMES


def main() -> None:
    """Run all, two at a time, and write the table."""
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        weeks = [processes.submit(report.clean, name) for name in NAMES]
        attacks = [processes.submit(report.injected, name) for name in NAMES]
        codes = [code for week in weeks for code in week.result()]
        found = [one for attack in attacks for one in attack.result()]
    text = report.PAGE.read_text(encoding="utf-8")
    head, tail = text.partition(report.BEGIN)[0], text.partition(report.END)[2]
    made = report.table(found, sum(map(bool, codes)), len(codes))
    report.PAGE.write_text(f"{head}{report.BEGIN}\n\n{made}\n\n{report.END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
