"""Who gets which playbook when a playbook cannot be given to everybody it is for."""

import numpy as np
import numpy.typing as npt

NOTHING = -1

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def allocate(open_to: list[Flags], capacities: list[int | None], urgency: Places, is_control: Flags) -> Places:
    """Give each customer the first playbook that is open to them and has room left.

    The playbooks are filled one after the other, each with the most urgent customers first; who finds no room goes on
    to the next one. As nobody ever comes back to an earlier playbook, one pass is enough.

    A control takes no room: he or she is placed where there would have been room, had they been no control. So the
    customers and the controls of a playbook are chosen by the same rule and can be compared.

    Parameters
    ----------
    open_to
        For each playbook in order of preference, for whom it is.
    capacities
        How many it can be given to; None is no limit.
    urgency
        The places of the customers, the most urgent one first.
    is_control
        Who is left alone.

    Returns
    -------
    numpy.ndarray
        For each customer the number of the playbook, or `NOTHING`.

    Examples
    --------
    The third customer is the most urgent one, but a control: both places of the first playbook stay for the others.

    >>> everybody, urgency = np.array([True] * 4), np.array([2, 0, 3, 1])
    >>> allocate([everybody, everybody], [2, None], urgency, np.array([False, False, True, False])).tolist()
    [0, 1, 0, 0]
    """
    given = np.full(len(is_control), NOTHING, dtype=np.int64)
    for number, (fits, capacity) in enumerate(zip(open_to, capacities, strict=True)):
        takes = fits & (given == NOTHING)
        if capacity is not None:
            takes = _with_room(takes, capacity, urgency, is_control)
        given[takes] = number
    return given


def _with_room(takes: Flags, capacity: int, urgency: Places, is_control: Flags) -> Flags:
    """Those before whom fewer than `capacity` customers who are no controls want the same."""
    ranked = takes[urgency]
    using = ranked & ~is_control[urgency]
    before: Places = np.cumsum(using) - using
    found = np.zeros_like(takes)
    found[urgency] = ranked & (before < capacity)
    return found
