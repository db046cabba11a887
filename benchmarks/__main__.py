"""All benchmarks of speed, or of quality, each to ``benchmarks/results/``: ``python -m benchmarks [--quality]``."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
# With options, a run of everything keeps to a size; its figures are kept beside those of the benchmark run alone.
SPEED: dict[str, tuple[str, ...]] = {
    "contributions": (),
    "simulate": ("--customers", "20000"),
    "cluster": (),
    "features": (),
    "scale": (),
}
"""What docs/performance.md says, on a machine that does nothing else meanwhile."""
QUALITY: dict[str, tuple[str, ...]] = {
    "value": (),
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
}
"""How well it ranks, explains and decides; `make leaderboard` alone needs rivals beside it for that."""


def commands(*, quality: bool) -> dict[str, list[str]]:
    """The command of each benchmark, by name.

    >>> commands(quality=False)["scale"][1:3]
    ['-m', 'benchmarks.scale']
    """
    made = {}
    for name, options in (QUALITY if quality else SPEED).items():
        file = RESULTS / f"{name}{'_small' if options else ''}.json"
        made[name] = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(file), *options]
    return made


def main() -> None:
    """Run each in a process of its own, so that none warms another's caches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quality", action="store_true", help="how well it ranks, explains and decides, not how fast")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    for name, command in commands(quality=options.quality).items():
        print(f"== {name}", flush=True)
        start = time.monotonic()
        subprocess.run(command, check=True)
        print(f"== {name}: {(time.monotonic() - start) / 60:.0f} minutes", flush=True)


if __name__ == "__main__":
    main()
