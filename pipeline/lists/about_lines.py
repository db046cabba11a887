"""What the sheet "About" says: the list in numbers, how to read it, and what each column means."""

from collections.abc import Iterator

from pipeline.i18n import MessageCatalog, Sentence, in_sequence, say, written
from pipeline.lists.cells import expected_words
from pipeline.lists.column_titles import column_title
from pipeline.lists.column_words import COLUMN_WORDS
from pipeline.lists.notices import dominating, waiting
from pipeline.lists.schema import ANSWERS, OUTCOMES
from pipeline.lists.value_words import spoken
from pipeline.lists.week import Week


def about_lines(week: Week, catalog: MessageCatalog) -> list[tuple[str, str]]:
    """A heading and a sentence each."""
    lines = [(written(head, catalog), written(sentence, catalog)) for head, sentence in _lines(week, catalog)]
    columns = [(column_title(name, catalog.language), catalog.text(words)) for name, words in COLUMN_WORDS.items()]
    return [*lines, ("", ""), (catalog.text("Column"), catalog.text("What it means")), *columns]


def _lines(week: Week, catalog: MessageCatalog) -> Iterator[tuple[Sentence, Sentence]]:
    about = week.about
    yield say("Company"), about.company
    yield say("As of"), str(about.as_of)
    yield say("What churn means here"), about.churn_definition
    yield say("How reliable the list is"), in_sequence(about.verdict, about.figures, about.expectation)
    yield from ((say("Be careful"), warning) for warning in week.warnings)
    if about.notice:
        yield say("Please note"), catalog.text(about.notice)
    yield (
        say("Customers"),
        say(
            "{listed} listed of {scored} scored; {eligible} were eligible.",
            listed=about.listed,
            scored=about.scored,
            eligible=about.eligible,
        ),
    )
    if about.listed:
        expected = say("{number} {of_whom}.", number=round(week.expected_churners), of_whom=expected_words(about))
        yield say("Expected to leave"), expected
    else:
        yield say("This week"), say("Nobody to act on this week.")
    if left := waiting(week.actions):
        yield say("Waiting"), _as_sentence(left, catalog)
    if week.since_last:
        yield say("Since the last list"), in_sequence(*week.since_last)
    in_currency, alone = say("All amounts are in {currency}.", currency=about.currency), dominating(week.risk_list)
    yield say("Money"), in_sequence(in_currency, _as_sentence(alone, catalog) if alone else "")
    yield say("Reasons"), say("A reason says what goes together with the risk, not what causes it.")
    yield say("Handing back"), _handing_back(catalog)


def _handing_back(catalog: MessageCatalog) -> Sentence:
    language = catalog.language

    def choices(words: tuple[str, ...]) -> tuple[str, ...]:
        return words if language == "en" else tuple(catalog.text(spoken(word)) for word in words)

    return say(
        "On the sheet {sheet}, fill in {outcome} ({outcomes}), {answer} ({answers}) and the other columns at the end, "
        "as far as there is something to say; save, and return this file.",
        sheet=say("Risk list"),
        outcome=column_title("outcome", language),
        outcomes=choices(OUTCOMES),
        answer=column_title("answer", language),
        answers=choices(ANSWERS),
    )


def _as_sentence(words: Sentence, catalog: MessageCatalog) -> str:
    sentence = say("{sentence}.", sentence=words).in_language(catalog)
    return f"{sentence[:1].upper()}{sentence[1:]}"
