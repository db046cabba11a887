"""Which folder a run belongs to, and for which DVC experiment it is made; asked of the environment DVC sets."""

import os
from pathlib import Path


def experiment_name() -> str | None:
    """The name of the DVC experiment this process runs for; None in a plain ``dvc repro`` and outside DVC.

    Examples
    --------
    >>> experiment_name() is None
    True
    """
    return os.environ.get("DVC_EXP_NAME") or None


def workspace() -> Path:
    """The folder people work in, also where DVC runs the stages of an experiment in a temporary copy of it.

    ``dvc exp run --temp`` and ``--queue`` check the project out below ``.dvc/tmp`` and remove that copy afterwards.
    What outlives the run, such as the tracking store, therefore belongs to the folder they were started from, which DVC
    names in ``DVC_ROOT``.
    """
    here = Path.cwd().resolve()
    original = os.environ.get("DVC_ROOT")
    copied = next((folder for folder in (here, *here.parents) if (folder / ".dvc").is_dir()), None)
    if not original or copied is None:
        return here
    return Path(original).resolve() / here.relative_to(copied)
