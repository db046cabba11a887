"""Print the data dictionary of the settings in ``params.yaml``: ``python -m pipeline.examples.features``."""

import sys

from pipeline.config import params
from pipeline.config.params import Features
from pipeline.examples.features import declared, dictionary


def main(settings: Features) -> None:
    """Print every declared feature."""
    sys.stdout.write(dictionary.markdown(declared(settings)))


if __name__ == "__main__":
    main(params.load().features)
