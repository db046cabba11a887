"""Files that come with the package, such as the settings of the repository, and a fingerprint of its code."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from pipeline.config.errors import BadParams

PACKAGE = Path(__file__).resolve().parents[1]
# In a wheel the build puts the files of the repository here; in a checkout they lie beside the package.
PLACES = (PACKAGE / "project", PACKAGE.parent)


def find_shipped(name: str) -> Path:
    """The file of that name as it comes with the package.

    Raises
    ------
    BadParams
        The installation lacks the file.
    """
    for folder in PLACES:
        if (folder / name).is_file():
            return folder / name
    raise BadParams(f"{name}: is missing from the installed churn-pipeline; install it again")


def describe_package() -> dict[str, str]:
    """The version of the installed package and a fingerprint of its code, by which DVC sees an upgrade."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and not file.is_relative_to(PLACES[0]):
            digest.update(file.relative_to(PACKAGE).as_posix().encode())
            digest.update(file.read_bytes())
    return {"version": version("churn-pipeline"), "code": digest.hexdigest()}
