"""All benchmarks, each to ``benchmarks/results/``: ``python -m benchmarks``."""

import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
# Not the leaderboard, whose rivals are not in the lock: `make leaderboard` brings them along.
# With options, a run of everything keeps to a size; its figures are kept beside those of the benchmark run alone.
ALL: dict[str, tuple[str, ...]] = {
    "contributions": (),
    "features": (),
    "value": (),
    "simulate": ("--customers", "20000"),
    "quality": (),
    "levels": (),
    "predicted_range": (),
    "blend_share": (),
    "cold_start": (),
    "young_level": (),
    "order_curve": (),
    "cancellation_curve": (),
    "year_ahead": (),
    "feeds": (),
    "reasons": (),
    "playbooks": (),
    "cluster": (),
    "scale": (),
}


def main() -> None:
    """Run each in a process of its own, so that none warms another's caches."""
    RESULTS.mkdir(exist_ok=True)
    for name, options in ALL.items():
        print(f"== {name}", flush=True)
        to = ("--json", str(RESULTS / f"{name}{'_small' if options else ''}.json"))
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *to, *options], check=True)


if __name__ == "__main__":
    main()
