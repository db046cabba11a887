"""What a rule says of a name that cannot be said of it: in one line, with what to write instead."""

from pipeline.config.problems import suggestion
from pipeline.playbooks.rules.expression import Compare, Flag, HasAny, IsOneOf, Known, Leaf, conditions
from pipeline.playbooks.rules.parser import Rule
from pipeline.playbooks.rules.parser_errors import excerpt
from pipeline.playbooks.rules.vocabulary import Name, Vocabulary

KINDS = {"number": "a number", "share": "a share", "word": "a word", "set": "a set of words", "flag": "yes or no"}


def problem(rule: Rule, names: Vocabulary) -> str | None:
    """The first thing wrong with a rule, or None.

    Parameters
    ----------
    rule
        As it was read.
    names
        What it may speak of.

    Examples
    --------
    >>> from pipeline.playbooks.rules.parser import read
    >>> names = {"tier": Name("tier", "word", "", "how settled the customer is", "score", ("new", "loyal"))}
    >>> problem(read("tier = loyal"), names)
    >>> problem(read("teir = loyal"), names)
    "at `teir` in `teir = loyal`: no such name; did you mean 'tier'?"
    >>> problem(read("tier >= 3"), names)
    'at `tier` in `tier >= 3`: is a word, not a number; write `tier = new` or `tier in (new, loyal)`'
    """
    for leaf in conditions(rule.expression):
        complaint = (
            _unknown(leaf.name, names) or _wrong_kind(leaf, names[leaf.name]) or _wrong_word(leaf, names[leaf.name])
        )
        if complaint is not None:
            return f"at `{leaf.name}` in `{excerpt(rule.text, leaf.position)}`: {complaint}"
    return None


def _unknown(name: str, names: Vocabulary) -> str | None:
    if name in names:
        return None
    return f"no such name{suggestion(name, list(names)) or '; docs/rules.md lists all there are'}"


def _wrong_kind(leaf: Leaf, name: Name) -> str | None:
    """What is said must be what can be said of this kind."""
    fits = {
        Known: name.kind != "set",
        Compare: name.kind in {"number", "share"},
        IsOneOf: name.kind == "word",
        HasAny: name.kind == "set",
        Flag: name.kind == "flag",
    }
    if fits[type(leaf)]:
        return None
    if isinstance(leaf, Known):
        return f"is a set of words, which may be empty but is never unknown; write {_usage(name)}"
    if isinstance(leaf, Flag):
        return f"is {KINDS[name.kind]} and says nothing by itself; write {_usage(name)}"
    kind = {Compare: "a number", IsOneOf: "a word", HasAny: "a set of words"}[type(leaf)]
    return f"is {KINDS[name.kind]}, not {kind}; write {_usage(name)}"


def _usage(name: Name) -> str:
    """How something right is said of a name."""
    one, *more = name.allowed or ("'some word'", "'another'")
    other = more[0] if more else one
    return {
        "number": f"`{name.name} >= 1`",
        "share": f"`{name.name} >= 0.3`",
        "word": f"`{name.name} = {one}` or `{name.name} in ({one}, {other})`",
        "set": f"`{name.name} has {one}` or `{name.name} has any ({one}, {other})`",
        "flag": f"`{name.name}` or `not {name.name}`",
    }[name.kind]


def _wrong_word(leaf: Leaf, name: Name) -> str | None:
    if isinstance(leaf, IsOneOf | HasAny) and name.allowed:
        for word in leaf.values:
            if word not in name.allowed:
                near = "; write C01 to C56, as in docs/causes.md" if name.allowed[0] == "C01" else _near(word, name)
                return f"'{word}' is not known{near}"
    if isinstance(leaf, Compare) and name.kind == "share" and abs(leaf.number) > 1:
        share = f"{leaf.number / 100:g}"
        return f"is a share between 0 and 1, found {leaf.number:g}; for {leaf.number:g} % write {share}"
    return None


def _near(word: str, name: Name) -> str:
    return suggestion(word, list(name.allowed)) or f"; write one of {', '.join(name.allowed)}"
