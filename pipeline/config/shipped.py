"""Where the settings that come with the pipeline are: in the checkout, or beside the installed package."""

from pathlib import Path

from pipeline.config import paths
from pipeline.config.errors import BadParams


def shipped_params() -> Path:
    """Return the ``params.yaml`` that comes with the pipeline.

    Raises
    ------
    BadParams
        This installation brings none.
    """
    package = Path(__file__).resolve().parents[1]
    for file in (package.parent / paths.PARAMS, package / paths.PARAMS):
        if file.is_file():
            return file
    raise BadParams(f"{paths.PARAMS}: does not come with this installation; put one into the folder first")
