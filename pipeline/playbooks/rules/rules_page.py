"""The names a rule may speak of, as ``docs/rules.md`` shows them."""

from typing import Final

from pipeline.config.params import Features, Score
from pipeline.playbooks.rules.name_checks import KINDS
from pipeline.playbooks.rules.vocabulary import CUTOFFS, Name, vocabulary

HEAD: Final = ("name", "kind", "what it is", "words it may be")
# A longer list of words stands elsewhere.
MAX_WORDS: Final = 8


def markdown(score: Score, features: Features) -> str:
    """A heading and a table for each place names come from.

    Parameters
    ----------
    score, features
        Sections of ``params.yaml``.
    """
    names = vocabulary(score, features).values()
    parts = []
    for cutoff, words in CUTOFFS.items():
        rows = [_cells(name) for name in names if name.cutoff == cutoff]
        lines = [HEAD, tuple("---" for _ in HEAD), *rows]
        parts.append(f"### {words[0].upper()}{words[1:]}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines))
    return "\n".join(parts)


def _cells(name: Name) -> tuple[str, ...]:
    kind = KINDS[name.kind].removeprefix("a ")
    unit = f", {name.unit}" if name.unit not in {"", "share"} else ""
    return f"`{name.name}`", f"{kind}{unit}", name.description.replace("|", "\\|"), _allowed(name)


def _allowed(name: Name) -> str:
    if name.name.endswith("causes"):
        return "C01 to C56, [what they are](causes.md)"
    if len(name.allowed) > MAX_WORDS:
        return f"the families of [features](data-dictionary.md): {', '.join(name.allowed)}"
    return ", ".join(name.allowed) or ("any" if name.kind == "word" else "–")
