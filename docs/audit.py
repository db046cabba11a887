"""Which packages of the lock file have known holes, and a list of all of them: ``make audit``, ``make sbom``.

The database of advisories is asked through the package index. Where it cannot be reached nothing is known, and the line
says so: an audit that asked nobody must not look like one that found nothing.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK, SBOM = Path("requirements/lock.txt"), Path("sbom.json")
TOOLS = Path(".venv-audit/bin")
CLEAN, HOLES, UNKNOWN = 0, 1, 2


def verdict(report: dict[str, Any] | None) -> tuple[int, list[str]]:
    """What a report of pip-audit says, in lines, and the exit code that goes with it.

    Parameters
    ----------
    report
        Its JSON; None where it gave none, because the index could not be reached.

    Returns
    -------
    int
        0: all packages were looked up and none has a known hole; 1: some have; 2: of some or all nothing is known.
    list of str
        A line for each hole, and one that sums up.

    Examples
    --------
    >>> verdict({"dependencies": [{"name": "lark", "version": "1.3.1", "vulns": []}]})
    (0, ['1 package looked up: no known hole'])
    >>> verdict({"dependencies": [{"name": "lark", "skip_reason": "not found"}]})[0]
    2
    """
    packages = report["dependencies"] if report else []
    if not (known := [package for package in packages if "skip_reason" not in package]):
        return UNKNOWN, ["the database of advisories cannot be reached from here: nothing is known of any package"]
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}; "
        + (f"fixed in {', '.join(hole['fix_versions'])}" if hole["fix_versions"] else "not fixed yet")
        for package in known
        for hole in package["vulns"]
    ]
    looked_up = f"{len(known):,} package{'s' if len(known) > 1 else ''} looked up"
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if unknown:
        looked_up += (
            f", nothing known of {len(unknown):,} ({', '.join(unknown[:5])}{', ...' if len(unknown) > 5 else ''})"
        )
    summary = f"{looked_up}: {f'{len(holes):,} known holes' if holes else 'no known hole'}"
    return HOLES if holes else UNKNOWN if unknown else CLEAN, [*holes, summary]


def audit() -> int:
    """Ask for every package of the lock file, print what is known, and give the exit code."""
    command = [TOOLS / "pip-audit", "-r", LOCK, "--no-deps", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    code, lines = verdict(json.loads(done.stdout) if done.stdout.startswith("{") else None)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return code


def sbom() -> int:
    """Write what the lock file holds as a CycloneDX bill of materials; the same lock gives the same bytes."""
    options = ["requirements", LOCK, "--output-reproducible", "--of", "JSON", "-o", SBOM]
    subprocess.run([TOOLS / "cyclonedx-py", *options], check=True, stderr=subprocess.DEVNULL)  # noqa: S603
    content = json.loads(SBOM.read_text(encoding="utf-8"))
    sys.stdout.write(f"{SBOM}: {len(content['components']):,} packages\n")
    return 0


if __name__ == "__main__":
    sys.exit({"audit": audit, "sbom": sbom}[sys.argv[1]]())
