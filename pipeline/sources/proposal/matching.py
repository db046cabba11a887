"""Which file is which table, and which column is which; what two answers fit is left out, and said."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from operator import or_
from pathlib import PurePath

from pipeline.sources import number_evidence, number_formats
from pipeline.sources.proposal import names, one_kind
from pipeline.sources.proposal.contract_prices import propose_price
from pipeline.sources.proposal.full_names import propose_name
from pipeline.sources.proposal.placing import BY_VALUES, Orders, Placed, Proposal, Shared, Wanted
from pipeline.sources.proposal.profiles import Profile
from pipeline.sources.proposal.rows_that_count import propose_rules
from pipeline.sources.proposal.same_customers import SURELY_SHARED, drop_strangers
from pipeline.sources.proposal.sheets import Sheet
from pipeline.sources.proposal.why_left import name_unused, why_none

NUMBERS = {"money", "decimal", "number"}
SURE_MARKS = number_evidence.POINT | number_evidence.COMMA
OPEN_MARKS = number_evidence.OPEN_POINT | number_evidence.OPEN_COMMA
SURE_MARKS_OF = (number_evidence.POINT, number_evidence.COMMA)
BY_NAME = 0.6
PURCHASES, CONTRACTS, CUSTOMERS, CONTACTS = "transactions", "subscriptions", "customers", "contacts"
# A file is a table by its name, by its columns, or by a bit of both; answers closer than this are two answers.
MIN_SCORE, CLOSE = 0.35, 0.08
# Share of different ids in a file with a line for each customer.
ONE_LINE = 0.9


def propose(
    sheets: Sequence[Sheet],
    tables: Mapping[str, Sequence[Wanted]],
    shared: Shared,
    orders: Orders,
) -> Proposal:
    """Place the files: the transactions first, whose customers then say who a customer is elsewhere.

    Parameters
    ----------
    sheets
        The files, looked at.
    tables
        The canonical tables with their columns, the one that is needed first.
    shared
        Share of the ids in one column that another knows; see `sheets.shared_ids`.
    orders
        Which columns belong to a whole order.
    """
    first, *others = tables
    left: dict[str, str] = {}
    placed = _choose([_fit(sheet, first, tables[first]) for sheet in sheets], left)
    fits: list[Placed | str] = []
    if first in placed:
        propose_rules(placed[first], orders)
        known = (placed[first].sheet, placed[first].columns["customer_id"])
        for sheet in (one for one in sheets if one.path not in left and one is not known[0]):
            share = partial(_share, shared, sheet, known)
            fits += [_fit(sheet, table, tables[table], share) for table in others]
        placed |= _choose(fits, left)
        drop_strangers(placed, first, partial(shared, known=known), left)
    if CONTRACTS in placed:
        propose_price(placed[CONTRACTS])
    if CUSTOMERS in placed:
        propose_name(placed[CUSTOMERS])
    for table, one in placed.items():
        name_unused(one, tables[table])
    for sheet in sheets:
        if sheet.path not in left and all(one.sheet is not sheet for one in placed.values()):
            left[sheet.path] = why_none(sheet, [_fit(sheet, first, tables[first]), *fits])
    return Proposal(
        {name: placed[name] for name in tables if name in placed}, [f"{path}: {why}" for path, why in left.items()]
    )


def _share(shared: Shared, sheet: Sheet, known: tuple[Sheet, str], name: str) -> float:
    return shared((sheet, name), known)


def _choose(fits: Sequence[Placed | str], left: dict[str, str]) -> dict[str, Placed]:
    """The best table of each file and the best file of each table, unless a second one is as good."""
    able = sorted(
        (fit for fit in fits if isinstance(fit, Placed) and fit.score >= MIN_SCORE), key=lambda fit: -fit.score
    )
    chosen: dict[str, Placed] = {}
    for fit in able:
        if fit.sheet.path in left or any(fit.sheet is one.sheet for one in chosen.values()) or fit.table in chosen:
            continue
        rivals = [
            one for one in able if one is not fit and fit.score - one.score < CLOSE and one.sheet.path not in left
        ]
        same_file = sorted({one.table for one in rivals if one.sheet is fit.sheet and one.table not in chosen})
        same_table = sorted({one.sheet.path for one in rivals if one.table == fit.table})
        if same_file:
            left[fit.sheet.path] = f"could be {fit.table} or {', '.join(same_file)}; say which in params.yaml"
        elif same_table:
            for path in (fit.sheet.path, *same_table):
                others = ", ".join(sorted({fit.sheet.path, *same_table} - {path}))
                left[path] = f"looks like {fit.table}, and so does {others}; one table has one source"
        else:
            chosen[fit.table] = fit
    return chosen


def _fit(
    sheet: Sheet, table: str, wanted: Sequence[Wanted], share: Callable[[str], float] | None = None
) -> Placed | str:
    """The file as this table; a line that says why not, if it cannot be."""
    placed = Placed(table, sheet)
    _by_name(placed, wanted)
    _by_values(placed, wanted, share)
    one_kind.propose_kind(placed, wanted)
    _dates(placed, wanted)
    _decimals(placed, wanted)
    lacking = [one.column for one in wanted if one.required and one.column not in placed.mapped()]
    if lacking:
        unclear = "; ".join(sorted(set(placed.left.values())))
        why = f" ({unclear})" if unclear else ""
        return f"{sheet.path}: {table} would need {', '.join(lacking)}, which no column is surely{why}"
    is_register = sheet.profiles[placed.columns["customer_id"]].unique >= ONE_LINE
    if table == CUSTOMERS and not is_register:
        return f"{sheet.path}: customers would need one line per customer"
    if table == CONTACTS and is_register and not set(placed.columns) - {"customer_id", "ts"}:
        # Elsewhere people are called contacts; what was sent to them has a line for each message, or says what it was.
        return f"{sheet.path}: contacts would need a line for each message, or what was sent"
    covered = sum(placed.sure[column] for column in placed.columns) / max(1, len(sheet.profiles))
    placed.score = 0.55 * names.table_score(table, PurePath(sheet.path).stem) + 0.45 * covered
    if all(placed.sure[one.column] >= BY_NAME for one in wanted if one.required) and table == PURCHASES:
        # A file with the columns of purchases holds purchases, whatever it is called.
        placed.score = max(placed.score, MIN_SCORE + 0.2 * covered)
    return placed


def _by_name(placed: Placed, wanted: Sequence[Wanted]) -> None:
    candidates = []
    for position, one in enumerate(wanted):
        for name, profile in placed.sheet.profiles.items():
            sure = names.column_score(placed.table, one.column, names.plain(name))
            if sure and profile.filled and profile.can_be(one.kind):
                candidates.append((sure, -position, one.column, name))
    for sure, position, column, name in sorted(candidates, reverse=True):
        if column in placed.columns or name in placed.columns.values() or name in placed.left:
            continue
        rivals = [
            other
            for near, place, _, other in candidates
            if place == position and other != name and sure - near < 0.005 and other not in placed.columns.values()
        ]
        if rivals:
            for either in (name, *rivals):
                placed.left[either] = f"{column} could be {' or '.join(sorted((name, *rivals)))}; say which"
        else:
            placed.take(column, name, sure)


def _by_values(placed: Placed, wanted: Sequence[Wanted], share: Callable[[str], float] | None) -> None:
    """What is needed and has no known name: the only column that holds such values."""
    for one in wanted:
        if not one.required or one.column in placed.columns:
            continue
        free = [name for name in placed.free() if placed.sheet.profiles[name].filled > 0.9]
        if one.column == "customer_id":
            able = [name for name in free if share is not None and share(name) >= SURELY_SHARED]
        elif one.kind in {"day", "money"}:
            able = [name for name in free if placed.sheet.profiles[name].looks_like(one.kind)]
        else:
            continue
        if len(able) == 1:
            placed.left.pop(able[0], None)
            placed.take(one.column, able[0], BY_VALUES)


def _dates(placed: Placed, wanted: Sequence[Wanted]) -> None:
    """One way of writing dates holds for all of a source: that of the column it needs."""
    days = [one for one in wanted if one.kind == "day" and one.column in placed.columns]
    if not days:
        return
    leading = next((one for one in days if one.required), days[0])
    profiles = {one.column: placed.sheet.profiles[placed.columns[one.column]] for one in days}
    if profiles[leading.column].iso:
        form = None
    else:
        fitting = set(profiles[leading.column].formats)
        for profile in profiles.values():
            fitting = fitting & set(profile.formats) or fitting
        if len(fitting) > 1:
            placed.drop(leading.column, f"its dates are written {' or '.join(sorted(fitting))}; say which in ts_format")
            return
        form = fitting.pop()
        placed.dialect["ts_format"] = form
    for column, profile in profiles.items():
        if not (profile.iso if form is None else form in profile.formats) and column in placed.columns:
            placed.drop(column, f"its dates are written in another way than those of {placed.columns[leading.column]}")


def _decimals(placed: Placed, wanted: Sequence[Wanted]) -> None:
    """One decimal mark holds for all of a source: that of the column it needs, else of most."""
    numbers = [one.column for one in wanted if one.kind in NUMBERS and one.column in placed.columns]
    needed = [one.column for one in wanted if one.kind in NUMBERS and one.required and one.column in numbers]
    profiles = {column: placed.sheet.profiles[placed.columns[column]] for column in numbers}
    telling = [column for column in (*needed, *numbers) if profiles[column].comma != profiles[column].point]
    surely = [column for column in (*needed, *numbers) if profiles[column].marks & SURE_MARKS in SURE_MARKS_OF]
    comma = _is_comma(profiles[telling[0]] if telling else profiles[surely[0]]) if telling or surely else False
    if not _ask_for_the_mark(placed, profiles, "," if comma else ".") and comma:
        placed.dialect["decimal"] = ","
    for column, profile in profiles.items():
        if not (profile.comma if comma else profile.point):
            placed.drop(column, "its numbers have another decimal mark than the others")


def _is_comma(profile: Profile) -> bool:
    if profile.comma != profile.point:
        return profile.comma
    return profile.marks & SURE_MARKS == number_evidence.COMMA


def _ask_for_the_mark(placed: Placed, profiles: Mapping[str, Profile], decimal: number_formats.Mark) -> bool:
    """Whole amounts with one kind of mark can be read in two ways: 1.234 is a thousand or little more than one."""
    bits = reduce(or_, (profile.marks for profile in profiles.values()), 0)
    if not number_evidence.is_open(bits, decimal):
        return False
    column = next(name for name, profile in profiles.items() if profile.marks & OPEN_MARKS)
    example = "1.234" if profiles[column].marks & number_evidence.OPEN_POINT else "1,234"
    both = number_evidence.readings(example)
    placed.questions.append(
        f'{placed.columns[column]}: is {example} {both.with_point} or {both.with_comma}? write `decimal: "."` or '
        f'`decimal: ","` under sources.{placed.table}; until then its rows are refused'
    )
    return True
