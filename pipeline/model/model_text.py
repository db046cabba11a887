"""Whether a text is a whole LightGBM model, before LightGBM reads it: its reader crashes or hangs on a damaged one."""

import math
import re
from collections.abc import Callable

END = "end of trees"
HEAD = (
    "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective", "feature_names",
    "feature_infos", "tree_sizes",
)  # fmt: skip
OPTIONAL_HEAD = ("monotone_constraints",)
# What a tree holds, in this order, with how many values it has: one in all, one for each split, one for each leaf.
TREE = {
    "Tree": "one", "num_leaves": "one", "num_cat": "one", "split_feature": "splits", "split_gain": "splits",
    "threshold": "splits", "decision_type": "splits", "left_child": "splits", "right_child": "splits",
    "leaf_value": "leaves", "leaf_weight": "leaves", "leaf_count": "leaves", "internal_value": "splits",
    "internal_weight": "splits", "internal_count": "splits", "is_linear": "one", "shrinkage": "one",
}  # fmt: skip
WHOLE = ("split_feature", "decision_type", "left_child", "right_child", "leaf_count", "internal_count")
# Lines of numbers that are certainly whole, and certainly finite: most are, and one match of a line is twenty times as
# fast as one of each number. Any other line is looked at number by number, which finds the wrong one.
PLAIN_WHOLE = re.compile(r"-?\d{1,9}(?: -?\d{1,9})*", re.ASCII)
_PLAIN = r"-?\d{1,25}(?:\.\d{0,25})?(?:e[+-]?\d{1,2})?"
PLAIN_NUMBERS = re.compile(rf"{_PLAIN}(?: {_PLAIN})*", re.ASCII)
# A tree of one leaf has no weight; a split that parts only the missing values from all others an infinite threshold.
MAY_BE_ABSENT, MAY_BE_INFINITE = ("leaf_weight",), ("threshold", "split_gain")


def check(text: str) -> None:
    """Raise `ValueError`, saying what is wrong, where the text is not a model whose every number can be used.

    Parameters
    ----------
    text
        A model as LightGBM writes it, without its settings: a head, one block for each tree, ``end of trees`` and how
        often each feature is used.

    Raises
    ------
    ValueError
        A line is of no known kind, a tree is not as long as the head says, a number is missing or not finite, or a
        branch leads nowhere.

    Examples
    --------
    >>> check("hello")
    Traceback (most recent call last):
    ...
    ValueError: it does not begin as a model
    """
    if not text.startswith("tree\n"):
        raise ValueError("it does not begin as a model")
    body, end, tail = text.removeprefix("tree\n").partition(f"{END}\n")
    if not end:
        raise ValueError(f"it does not end with '{END}'")
    head, *blocks = re.split(r"^(?=Tree=)", body, flags=re.MULTILINE)
    last_feature, sizes = _check_head(_values(head, "the head"))
    if len(sizes) != len(blocks) or not sizes:
        raise ValueError(f"the head says {len(sizes)} trees, found {len(blocks)}")
    for number, (block, size) in enumerate(zip(blocks, sizes, strict=True)):
        if len(block.encode()) != size:
            raise ValueError(f"tree {number} is {len(block.encode())} bytes long, and the head says {size}")
        _check_tree(_values(block, f"tree {number}"), number, last_feature)
    if not re.fullmatch(r"\s*(feature_importances:\n(\S+=\d+\n)*)?\s*", tail):
        raise ValueError(f"what stands behind '{END}' is of no known kind")


def _check_head(head: dict[str, str]) -> tuple[int, list[int]]:
    """The number of the last feature, and how many bytes each tree has."""
    if [key for key in head if key not in OPTIONAL_HEAD] != [*HEAD]:
        raise ValueError(f"the head holds {', '.join(head) or 'nothing'}")
    fixed = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "label_index": "0",
             "objective": "binary sigmoid:1"}  # fmt: skip
    for key, value in fixed.items():
        if head[key] != value:
            raise ValueError(f"{key} of the head is {head[key][:20]!r}, not {value!r}")
    last_feature = _whole(head["max_feature_idx"], "max_feature_idx of the head")
    for key in ("feature_names", "feature_infos", *OPTIONAL_HEAD):
        if key in head and len(head[key].split(" ")) != last_feature + 1:
            raise ValueError(f"{key} of the head are not {last_feature + 1}")
    if not all(re.fullmatch(r"none|\[\S+:\S+\]", info) for info in head["feature_infos"].split(" ")):
        raise ValueError("feature_infos of the head are no ranges")
    return last_feature, [_whole(size, "tree_sizes of the head") for size in head["tree_sizes"].split()]


def _check_tree(tree: dict[str, str], number: int, last_feature: int) -> None:
    where = f"tree {number}"
    if [*tree] != [*TREE]:
        raise ValueError(f"{where} holds {', '.join(tree)}")
    if (tree["Tree"], tree["num_cat"], tree["is_linear"]) != (str(number), "0", "0"):
        raise ValueError(f"{where} is of a kind that is never trained here, or has another number")
    leaves = _whole(tree["num_leaves"], f"num_leaves of {where}")
    if leaves < 1:
        raise ValueError(f"{where} has no leaf")
    counts = {"one": 1, "splits": leaves - 1, "leaves": leaves}
    for key, kind in TREE.items():
        values = tree[key].split()
        if len(values) != counts[kind] and not (key in MAY_BE_ABSENT and leaves == 1 and not values):
            raise ValueError(f"{where}: {key} holds {len(values)} values, not {counts[kind]}")
        _check_numbers(key, values, where)
    if any(not 0 <= int(feature) <= last_feature for feature in tree["split_feature"].split()):
        raise ValueError(f"{where}: split_feature names a feature the model does not have")
    _check_branches(tree, leaves, where)


def _check_numbers(key: str, values: list[str], where: str) -> None:
    if (PLAIN_WHOLE if key in WHOLE else PLAIN_NUMBERS).fullmatch(" ".join(values)):
        return
    read: Callable[[str, str], float] = _whole if key in WHOLE else _number
    for value in (read(text, f"{key} of {where}") for text in values):
        if math.isnan(value) or (math.isinf(value) and key not in MAY_BE_INFINITE):
            raise ValueError(f"{where}: {key} holds a number that is not finite")


def _check_branches(tree: dict[str, str], leaves: int, where: str) -> None:
    """Every inner node but the first, and every leaf, hangs from exactly one branch; leaf n is written as -n - 1."""
    sides = [[int(child) for child in tree[key].split()] for key in ("left_child", "right_child")]
    if leaves > 1 and sorted(sides[0] + sides[1]) != [*range(-leaves, 0), *range(1, leaves - 1)]:
        raise ValueError(f"{where}: a branch leads nowhere, or two lead to the same place")
    # Nodes are numbered as they were split, so a child comes after its parent; otherwise a row would go round for ever.
    if any(0 <= child <= node for side in sides for node, child in enumerate(side)):
        raise ValueError(f"{where}: a branch leads back to where it comes from")


def _values(block: str, where: str) -> dict[str, str]:
    lines = [line for line in block.split("\n") if line]
    pairs = [line.partition("=") for line in lines]
    values = {key: value for key, _, value in pairs}
    if len(values) != len(lines) or not all(sign for _, sign, _ in pairs):
        raise ValueError(f"{where} holds a line that is of no known kind, or one twice")
    return values


def _whole(text: str, where: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        raise ValueError(f"{where} is no whole number: {text[:20]!r}")
    return int(text)


def _number(text: str, where: str) -> float:
    if not re.fullmatch(r"-?(\d+(\.\d*)?(e[+-]?\d{1,3})?|inf|nan)", text, re.ASCII):
        raise ValueError(f"{where} holds {text[:20]!r}, which is no number")
    return float(text)
