"""What is said of a model, and whether a list may be made with it."""

from dataclasses import dataclass
from typing import Any

from pipeline.config.errors import ModelRefused
from pipeline.messages import Message, Sentence, in_sequence, say


@dataclass(frozen=True)
class Verdict:
    """What is said of a model.

    Attributes
    ----------
    words
        The grade, what to do, and what that means.
    figures
        What it rests on; empty in the reports of older versions, which say all in `words`.
    """

    words: Sentence
    figures: Sentence = ""

    def __str__(self) -> str:
        """All in one line, in English."""
        return str(in_sequence(self.words, self.figures))

    def as_json(self) -> dict[str, Any]:
        """For ``reports/verdict.json``: the line, and its sentences for those who read another language."""
        sentences = {name: part.as_json() for name, part in vars(self).items() if isinstance(part, Message)}
        return {"verdict": str(self), "verdict_sentences": sentences}

    @classmethod
    def from_json(cls, report: dict[str, Any]) -> "Verdict":
        """What ``reports/verdict.json`` says."""
        sentences = report.get("verdict_sentences")
        if sentences is None:
            return cls(str(report["verdict"]))
        return cls(**{name: Message.from_json(content) for name, content in sentences.items()})


def in_state(report: dict[str, Any], tables: str | None) -> dict[str, Any]:
    """What holds while tables are down, of what ``reports/verdict.json`` says.

    Parameters
    ----------
    report
        What the file says.
    tables
        Their names, as `pipeline.model.without_feed.state` gives them; None where none that counts is down.

    Returns
    -------
    dict
        The report itself where nothing is down, and where an earlier release wrote it, which graded no such state.
    """
    state: dict[str, Any] | None = report.get("without", {}).get(tables)
    if state is None:
        return report
    verdict = Verdict.from_json(state)
    words = say(
        "{sentence} This is the grade without {tables}; with all tables it is {letter}.",
        sentence=verdict.words,
        tables=str(tables).replace("+", ", "),
        letter=str(report["grade"]),
    )
    return report | state | Verdict(words, verdict.figures).as_json()


def refuse_unfit(report: dict[str, Any]) -> Verdict:
    """The verdict a list may carry.

    Raises
    ------
    ModelRefused
        The model is of grade F and nobody answers for it.
    """
    verdict, name = Verdict.from_json(report), report["approved_by"]
    if report["ship"]:
        return verdict
    if not name:
        raise ModelRefused(
            f"{verdict} No list is made with it. Whoever wants one all the same answers for it by name: "
            "params.yaml: evaluate.approved_by"
        )
    answered = say("Used all the same; {name} answers for it.", name=str(name))
    return Verdict(in_sequence(verdict.words, answered), verdict.figures)
