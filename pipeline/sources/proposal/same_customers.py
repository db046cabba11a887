"""Whether a table is of the customers of the transactions, and by which of its columns."""

from collections.abc import Callable

from pipeline.sources.proposal.placing import BY_VALUES, Placed
from pipeline.sources.proposal.sheets import Sheet

# Share of the different ids of a table that the transactions have to know; and from which on values are surely ids.
MIN_SHARED, SURELY_SHARED = 0.05, 0.5


def drop_strangers(
    placed: dict[str, Placed], first: str, shared: Callable[[tuple[Sheet, str]], float], left: dict[str, str]
) -> None:
    """A table is of the customers of the transactions, by the column with their ids; else that is asked about."""
    for name, one in [item for item in placed.items() if item[0] != first]:
        customer = one.columns["customer_id"]
        share = shared((one.sheet, customer))
        if share >= MIN_SHARED:
            continue
        others = [
            column for column in one.free()
            if one.sheet.profiles[column].filled and shared((one.sheet, column)) >= SURELY_SHARED
        ]  # fmt: skip
        if len(others) == 1:
            one.drop("customer_id", f"holds no customer of the {first}; {others[0]} does")
            one.left.pop(others[0], None)
            one.take("customer_id", others[0], BY_VALUES)
            continue
        known = placed[first].columns["customer_id"]
        examples = [sheet.profiles[column].example for sheet, column in
                    ((one.sheet, customer), (placed[first].sheet, known))]  # fmt: skip
        left[one.sheet.path] = (
            f"looks like {name}, but {share:.0%} of the values of {customer}, such as {examples[0]!r}, stand in "
            f"{known} of the {first}, such as {examples[1]!r}; if these are the same customers, write their ids alike "
            "in both"
        )
        del placed[name]
