"""``churn new``: write a project that works with the installed package; its files are those of the repository."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.config.errors import BadParams
from pipeline.config.shipped import find_shipped

# Copied byte for byte. pyproject.toml puts the same list into the wheel.
COPIED = (
    "params.yaml",
    "playbooks.yaml",
    "forgotten.json",
    "churn.sh",
    ".gitignore",
    ".dvcignore",
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvc/plots/by_time.json",
    ".dvc/plots/page.html",
    ".dvc/plots/vega/vega.min.js",
    ".dvc/plots/vega/vega-lite.min.js",
    ".dvc/plots/vega/vega-embed.min.js",
    ".dvc/plots/vega/LICENSE",
    "raw/README.md",
    "data/README.md",
    "models/README.md",
    "exports/README.md",
    "outcomes/README.md",
)
FINGERPRINT = "reports/package.json"
# A project has no code of its own to depend on, so its stages depend on the installed package.
PACKAGE_STAGE = f"""\
  package:
    desc: the installed churn-pipeline -> its version and fingerprint, so that an upgrade runs the stages again
    cmd: exec sh churn.sh version --to {FINGERPRINT}
    always_changed: true
    outs:
      - {FINGERPRINT}:
          cache: false
"""


def run(folder: Path) -> Iterator[str]:
    """Write a project into a new or an empty folder.

    Parameters
    ----------
    folder
        Where the project goes; folders above it are made as well.

    Yields
    ------
    str
        What was written, and what to do next.

    Raises
    ------
    BadParams
        The folder holds something, or is a file.
    """
    _check_empty(folder)
    # The README of a project is another one than that of the repository.
    texts = {name: find_shipped(name).read_text(encoding="utf-8") for name in COPIED}
    texts["README.md"] = find_shipped("README.md").read_text(encoding="utf-8")
    texts["dvc.yaml"] = project_stages(find_shipped("dvc.yaml").read_text(encoding="utf-8"))
    if not _is_in_git(folder):
        texts[".dvc/config.local"] = "[core]\n    no_scm = true\n"
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    yield f"{folder}: a new project with {', '.join(sorted(name for name in texts if '/' not in name))}"
    yield f"next: put your files into {folder / 'raw'}, then run in {folder}: churn init raw --write"


def project_stages(dvc_yaml: str) -> str:
    """The ``dvc.yaml`` of a project: that of the repository, with the installed package in place of code files."""
    lines = ["# The stages, in order. `dvc repro` runs those whose files, settings or package have changed.\n"]
    for line in dvc_yaml.splitlines(keepends=True):
        if line.startswith("      - pipeline/") or line.startswith("#"):
            continue
        lines.append(line)
        if line == "stages:\n":
            lines.append(PACKAGE_STAGE)
        elif line == "    deps:\n":
            lines.append(f"      - {FINGERPRINT}\n")
    return "".join(lines)


def _check_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadParams(f"{folder}: is a file; name a new or an empty folder, such as: churn new my-shop")
    # A fresh repository is empty as well: experiments need git, so many people begin with `git init`.
    held = (entry.name for entry in folder.iterdir() if entry.name != ".git") if folder.is_dir() else ()
    first = min(held, default=None)
    if first is not None:
        raise BadParams(f"{folder}: already holds {first}; name a new or an empty folder, such as: churn new my-shop")


def _is_in_git(folder: Path) -> bool:
    where = folder.resolve()
    return any((above / ".git").exists() for above in (where, *where.parents))
