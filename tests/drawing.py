"""Tables drawn with bars, so that a rule and its cases fit on one screen."""

from pathlib import Path


def drawn(table: str) -> list[dict[str, str]]:
    """Rows of a table drawn with bars; the first line names the columns."""
    lines = [
        line.strip() for line in table.strip().splitlines() if line.strip() and not set(line.strip()) <= set("|-+ ")
    ]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


def write_csv(file: Path, table: str) -> Path:
    """A drawn table as a CSV file."""
    rows = drawn(table)
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
