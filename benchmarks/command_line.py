"""What all benchmarks are asked the same way."""

import argparse
import json
from pathlib import Path
from typing import Any


def parser(description: str | None) -> argparse.ArgumentParser:
    """Options of a benchmark: the first line of its description, and ``--json`` for a file of its figures.

    >>> parser("How fast is it?\\n\\nRun as ...").description
    'How fast is it?'
    """
    made = argparse.ArgumentParser(description=description.splitlines()[0] if description else None)
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    return made


def write(result: Any, file: Path | None) -> None:
    """Write the figures to the file of ``--json``, where one was named."""
    if file:
        file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
