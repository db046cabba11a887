"""All benchmarks, each to ``benchmarks/results/``: ``python -m benchmarks``."""

import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
ALL = ("contributions", "value", "quality")


def main() -> None:
    """Run each in a process of its own, so that none warms another's caches."""
    RESULTS.mkdir(exist_ok=True)
    for name in ALL:
        print(f"== {name}", flush=True)
        subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", "--json", str(RESULTS / f"{name}.json")], check=True
        )


if __name__ == "__main__":
    main()
