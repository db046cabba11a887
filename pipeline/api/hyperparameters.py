"""The keyword arguments of an estimator as the sections of ``params.yaml`` that training takes."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError
from sklearn.utils import check_random_state

from pipeline.config import params
from pipeline.config.problems import first_problem
from pipeline.examples.features import Feature

Parsed = TypeVar("Parsed", bound=params.Section)
DIRECTIONS = {"down": -1, "none": 0, "up": 1}
OF_THE_LABEL = ("gap_days", "horizon_days")
OF_THE_REGRESSION = ("share", "cuts", "l2", "max_rows")


def model_section(arguments: Mapping[str, Any]) -> params.Model:
    """Return the hyperparameters as ``params.yaml: model`` holds them.

    Parameters
    ----------
    arguments
        Those of ``ChurnClassifier.__init__`` by name.

    Raises
    ------
    ValueError
        One is out of its range; the message names it.
    """
    own = {name: _plain(value) for name, value in arguments.items()}
    own["additive_logistic"] = {name: own.pop(f"additive_logistic_{name}") for name in OF_THE_REGRESSION}
    own["seed"] = _seed(own.pop("random_state"))
    own["num_threads"] = own.pop("n_jobs")
    own["monotone"] = bool(own.pop("monotone_constraints"))
    for name in (*OF_THE_LABEL, "validation_fraction"):
        del own[name]
    # A table of features does not say of which day a row is, so nothing follows the season; an estimator learns.
    return _parsed(params.Model, own | {"seasonality": False, "prior": "none"})


def arguments_of(model: params.Model, label: params.Label, features: Sequence[Feature]) -> dict[str, Any]:
    """Return the arguments of an estimator that does as these sections say; the inverse of the other two.

    Parameters
    ----------
    model, label
        ``params.yaml: model, label``. The season and the prior are left out; see `model_section`.
    features
        What the columns are: where ``model.monotone`` holds, those of a sure direction are constrained to it.
    """
    own = model.model_dump()
    own |= {f"additive_logistic_{name}": value for name, value in own.pop("additive_logistic").items()}
    own |= {"random_state": own.pop("seed"), "n_jobs": own.pop("num_threads")}
    sure = {feature.name: DIRECTIONS[feature.risk] for feature in features if feature.is_sure}
    own["monotone_constraints"] = sure if own.pop("monotone") else None
    del own["seasonality"], own["prior"]
    return own | {name: getattr(label, name) for name in OF_THE_LABEL}


def label_section(arguments: Mapping[str, Any]) -> params.Label:
    """Return the outcome window as ``params.yaml: label`` holds it.

    Raises
    ------
    ValueError
        A number of days is out of its range.

    Examples
    --------
    >>> label_section({"gap_days": 0, "horizon_days": 30})
    Label(kind='inactivity', gap_days=0, horizon_days=30)
    """
    return _parsed(params.Label, {"kind": "inactivity"} | {name: _plain(arguments[name]) for name in OF_THE_LABEL})


def _parsed(section: type[Parsed], content: dict[str, Any]) -> Parsed:
    try:
        return section.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"ChurnClassifier: {first_problem(error, section)}") from None


def _plain(value: Any) -> Any:
    """A setting without NumPy's types, which a grid of ``np.linspace`` has and settings refuse."""
    return value.item() if isinstance(value, np.generic) else value


def _seed(random_state: Any) -> int:
    """The seed itself, or one drawn as scikit-learn draws."""
    if isinstance(random_state, int):
        return random_state
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
