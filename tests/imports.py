"""What imports what, read from the code."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pipeline"


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def imported(file: Path) -> frozenset[str]:
    """Dotted names a file imports, functions' own imports included; ``from a import b`` gives ``a`` and ``a.b``."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def read_beside(file: Path) -> set[Path]:
    """The files beside a module that it reads: texts, styles and tables, which it names in full or by their ending."""
    text = file.read_text(encoding="utf-8")
    others = (path for path in file.parent.iterdir() if path.is_file() and path.suffix not in {".py", ".pyc", ".typed"})
    return {path for path in others if path.name in text or f"}}{path.suffix}" in text}


@cache
def own(file: Path) -> frozenset[str]:
    """The modules of this package a file imports."""
    return frozenset(name for name in imported(file) if name in modules())


def closure(file: Path) -> set[Path]:
    """All files of the package that run when a file runs, itself and the packages above them included."""
    known = modules()
    seen: set[Path] = set()
    waiting = [file]
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        for name in own(at):
            parts = name.split(".")
            above = {".".join(parts[:length]) for length in range(2, len(parts) + 1)}
            waiting += [known[part] for part in above if part in known]
    return seen
