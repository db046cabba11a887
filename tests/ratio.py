"""What the naive second implementations of the features share."""


def ratio(above: float | None, below: float | None) -> float | None:
    """A quotient that is unknown where its parts are, or where it would divide by zero."""
    return None if above is None or below is None or below == 0 else above / below
