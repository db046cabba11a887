"""Files that come with the package, such as the settings of the repository."""

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
