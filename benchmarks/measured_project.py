"""A project of the company that is measured, made by the real commands."""

import sys
from pathlib import Path

from benchmarks import company_files, processes

CHURN = str(Path(sys.executable).with_name("churn"))


def make(folder: Path, customers: int) -> tuple[Path, dict[str, int]]:
    """A project for a company of so many customers, and how many rows its tables have; the folder is empty."""
    project = folder / "project"
    processes.run([CHURN, "new", str(project)], folder)
    rows = company_files.write(project, customers)
    processes.run([CHURN, "use", "company.yaml"], project)
    return project, rows
