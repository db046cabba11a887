"""What is wrong with a settings file, in one line a user can act on."""

import difflib
import re

from pydantic import BaseModel, ValidationError

from pipeline.config.masking import mask_password


def first_problem(error: ValidationError, root: type[BaseModel]) -> str:
    """The first thing wrong, in words a user can act on."""
    # A key written wrong is both unknown and missing; the unknown one says more.
    problem = min(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in problem["loc"] if not re.match(r"constrained-|literal\[", str(part)))
    if problem["type"] == "extra_forbidden":
        known = _keys_beside(root, problem["loc"][:-1])
        return f"unknown key '{where}'{suggestion(str(problem['loc'][-1]), known)}"
    if problem["type"] == "missing":
        return f"missing key '{where}'; add it"
    message = problem["msg"].removeprefix("Value error, ")
    if not where or (problem["type"] == "value_error" and "`" in message):
        return f"{where + ': ' if where else ''}{message}"
    return f"{where}: {message[0].lower()}{message[1:]}, found {mask_password(repr(problem['input']))}"


def suggestion(word: str, known: list[str]) -> str:
    """What to write instead: the closest known word, or all of them where they are few."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else (f"; known: {', '.join(known)}" if len(known) < 40 else "")


def _keys_beside(root: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    fields = root.model_fields
    for part in location:
        if part not in fields:
            continue
        annotation = fields[str(part)].annotation
        inner = [kind for kind in (annotation, *getattr(annotation, "__args__", ())) if isinstance(kind, type)]
        sections = [kind for kind in inner if issubclass(kind, BaseModel)]
        fields = sections[0].model_fields if sections else {}
    return list(fields)
