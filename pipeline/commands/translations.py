"""Keep the catalogues in step with what is said: ``python -m pipeline.commands.translations``.

Collects every text that people can be told, from the code, the features, the causes and the shipped playbooks; writes
it into each PO file beside its translation, drops what nobody says any more, and lists what is still to be translated.
"""

import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Final, TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from pipeline.config import params, paths
from pipeline.decisions import decision_record, why_not
from pipeline.examples import population
from pipeline.examples.features import declared
from pipeline.i18n import LANGUAGES
from pipeline.i18n.catalogs import places
from pipeline.lists import COLUMN_WORDS, STATUSES, column_titles, page_data, page_words, spoken, value_words, xlsx_file
from pipeline.lists.schema import WORK
from pipeline.outcomes.words import WORDS
from pipeline.playbooks.config import channels, playbooks_file
from pipeline.playbooks.config import playbook as playbooks
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.reasons import interviews
from pipeline.reasons.causes import CAUSES
from pipeline.reasons.phrases import PHRASES, find_phrases
from pipeline.reasons.units import NOUNS, SINGULAR
from pipeline.sources import samples
from pipeline.value import customer_value, lifecycle, purchase_process

COMMAND: Final = "python -m pipeline.commands.translations"
FOLDER: Final = Path("pipeline/i18n")
TRANSLATED: Final = tuple(language for language in LANGUAGES if language != "en")
# A text, or one for one and one for many.
Message: TypeAlias = str | tuple[str, str]
# Functions that tell a text -> which of their arguments it is.
TELLING: Final = {"say": 0, "translate": 0, "text": 0, "because": 2, "nothing_because": 1}
SPEAKING: Final = (
    "i18n",
    "examples",
    "evaluation",
    "reasons",
    "playbooks",
    "decisions",
    "drift",
    "lists",
    "outcomes",
    "week",
)
TEMPLATES: Final = (Path("pipeline/lists/risk_list.html.j2"),)
# No file holds the time it was written at.
NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def messages() -> dict[Message, str]:
    """Every text that people can be told, each with where it comes from."""
    sources_of_text: dict[Message, str] = {}
    for where, message in _all():
        counted = SINGULAR.get(message) if isinstance(message, str) else None
        sources_of_text.setdefault((counted, str(message)) if counted else message, where)
    return {message: where for message, where in sources_of_text.items() if message}


def _all() -> Iterator[tuple[str, Message]]:
    yield from _of_code()
    yield from _of_templates()
    yield from _of_lists()
    yield from (("a number with its noun", forms) for forms in NOUNS.values())
    settings = params.load()
    one_of_each = {"event_types": ["x"], "warning_types": ["x"], "usage_types": ["x"], "ticket_topics": {"x": "C09"}}
    for feature in [*declared(settings.features.model_copy(update=one_of_each)), purchase_process.P_NO_PURCHASE]:
        where = f"reason of the family {feature.family}"
        if not feature.family.startswith(page_data.ABOUT):
            yield "what drives the risk", page_data.family_words(feature.family)
        yield from ((where, phrase.text) for phrase in find_phrases(feature, PHRASES))
    asking = [name for name, channel in channels.CHANNELS.items() if channel.consent is not None]
    yield from (("word in a sentence", word) for word in (*customer_value.TIERS, *why_not.BANDS, *asking))
    yield from (("what a team fills in", spoken(word)) for word in WORDS)
    yield from (("a cause of churn", cause.description) for cause in CAUSES.values())
    yield from (("a question for a talk", text) for text in interviews.TEXTS)
    names = vocabulary(settings.score, settings.features)
    for file in [paths.PLAYBOOKS, *sorted(Path("examples").glob("*/playbooks.yaml"))]:
        for name, book in playbooks_file.parse(params.read_playbooks(file), names, str(file)).items():
            yield from ((str(file), text) for text in (*_of_playbook(book), spoken(name)))


def _of_playbook(book: playbooks.Playbook) -> Iterator[str]:
    promised = book.promise.what if book.promise is not None else None
    yield from (text for text in (book.action, book.caution, *book.drafts, promised) if text is not None)
    yield from decision_record.happenings(book)
    yield from (book.who, *book.channels)


def _of_templates() -> Iterator[tuple[str, Message]]:
    for file in TEMPLATES:
        with file.open("rb") as handle:
            calls = [one for one in babel_extract(handle, ("_", "counted"), (), {"encoding": "utf-8"}) if one[2]]
        for _, name, arguments, _ in calls:
            # A call with parts has a place for each of them, a call that counts its two texts first.
            texts = [
                text
                for text in ((arguments,) if isinstance(arguments, str) else arguments or ())
                if isinstance(text, str)
            ]
            if texts:
                yield file.as_posix(), (texts[0], texts[1]) if name == "counted" else texts[0]


def _of_lists() -> Iterator[tuple[str, Message]]:
    """What the page and the workbook say besides the texts of their rows."""
    for words in page_words.TEXTS:
        yield "a word of the page", words
    yield from (("what a column means", words) for words in COLUMN_WORDS.values())
    yield from (("the heading of a column", spoken(name)) for name in column_titles.COLUMNS)
    yield from (("the title of a sheet", title) for title in xlsx_file.RESERVED)
    of_causes = {word for cause in CAUSES.values() for word in (cause.kind, cause.act, cause.who)}
    fixed = (*STATUSES, *WORK, *lifecycle.STAGES, *population.FORMER.values(), *channels.CHANNELS, *sorted(of_causes))
    yield from (("a value of a column", spoken(word)) for word in (*fixed, *value_words.OTHERWISE.values()))
    yield from (("what the maker of a sample asks to be told", samples.notice(sample)) for sample in samples.NOTICES)


def _of_code() -> Iterator[tuple[str, Message]]:
    rooms = [file for room in SPEAKING for file in sorted((Path("pipeline") / room).rglob("*.py"))]
    for file in [Path("pipeline/messages.py"), *rooms]:
        module = ".".join(file.with_suffix("").parts)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (text := _find_text(node, module)) is not None:
                yield file.as_posix(), text


def _find_text(call: ast.Call, module: str) -> Message | None:
    """The text a call tells, written out there or a constant of the module; None where it hands on what it was told."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "counted":
        forms = [one.value for one in call.args[:2] if isinstance(one, ast.Constant)]
        return (str(forms[0]), str(forms[1])) if len(forms) == 2 else None
    if name not in TELLING or len(call.args) <= TELLING[name]:
        return None
    argument = call.args[TELLING[name]]
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    if isinstance(argument, ast.Name) and argument.id.isupper():
        constant = getattr(import_module(module), argument.id)
        return constant if isinstance(constant, str) else None
    assert not isinstance(argument, ast.JoinedStr), (
        f"{module} line {call.lineno}: a text is written out, with {{names}}"
    )
    return None


def updated(language: str, file: Path) -> Catalog:
    """The catalogue of a language with all that is said and nothing else; new texts stand there untranslated."""
    catalog = _read(language, file)
    wanted = messages()
    written = Catalog(
        locale=language, project="churn pipeline", version="1", last_translator="the project", language_team=language,
        msgid_bugs_address="the project", header_comment=f"# {COMMAND} keeps this file in step with the code.",
        creation_date=NO_TIME, revision_date=NO_TIME, fuzzy=False,
    )  # fmt: skip
    for message in sorted(wanted, key=str):
        before = catalog.get(message if isinstance(message, str) else message[0])
        kept = before is not None and before.id == message
        written.add(message, before.string if before is not None and kept else None, auto_comments=[wanted[message]])
    return written


def problems(language: str, file: Path) -> list[str]:
    """What is wrong with a catalogue, each in a line that says what to do."""
    catalog, wanted = _read(language, file), messages()
    there = {message.id: message for message in catalog if message.id}
    sentences = [
        f"{file}: lacks {message!r}; run {COMMAND} and translate it" for message in wanted if message not in there
    ]
    sentences += [
        f"{file}: nobody says {message!r} any more; run {COMMAND}" for message in there if message not in wanted
    ]
    for message in there.values():
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
        if message.fuzzy or not all(forms):
            sentences.append(f"{file}: {ids[0]!r} is not translated; write its msgstr")
        elif isinstance(message.id, tuple) and len(forms) != catalog.num_plurals:
            sentences.append(f"{file}: {ids[0]!r} has {len(forms)} plural forms; write {catalog.num_plurals}")
        elif any(places(form) != places(ids[-1]) for form in forms):
            sentences.append(
                f"{file}: {ids[0]!r} and its translation have other places; write {sorted(places(ids[-1]))}"
            )
    return sentences


def _read(language: str, file: Path) -> Catalog:
    with file.open("rb") as handle:
        return read_po(handle, locale=language, abort_invalid=True)


def main() -> None:
    """Write all catalogues anew, and say what is to be translated."""
    for language in TRANSLATED:
        file = FOLDER / f"{language}.po"
        content = io.BytesIO()
        write_po(content, updated(language, file), width=0, ignore_obsolete=True)
        file.write_bytes(content.getvalue())
        left = problems(language, file)
        sys.stdout.write("".join(f"{line}\n" for line in left) + f"{file}: {len(left)} to be translated or corrected\n")


if __name__ == "__main__":
    main()
