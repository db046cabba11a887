"""Print the data dictionary of the settings in ``params.yaml``: ``python -m pipeline.examples.features``."""

import sys

from pipeline import params
from pipeline.examples.features import declared, dictionary
from pipeline.params import Features


def main(settings: Features) -> None:
    """Print every declared feature."""
    sys.stdout.write(dictionary.markdown(declared(settings)))


if __name__ == "__main__":
    main(params.load().features)
