"""Guides for a talk: every blind spot is asked about once, nothing else is, and each language says all of it."""

import html

import pytest

from pipeline.i18n import LANGUAGES, shipped
from pipeline.lists.html_page import guide_page
from pipeline.reasons.causes import CAUSES
from pipeline.reasons.interviews import INTERVIEWS, TEXTS, guide

SEEN = ["C01", "C24", "C56"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guide_asks_everything_once_in_its_language(language):
    made = guide(shipped(language), SEEN)
    questions = [question for one in made.interviews for question in one.questions]
    questions += [question for _, _, question in made.unseen]
    assert len(questions) == len(set(questions)) == sum(len(one.questions) for one in INTERVIEWS) + len(SEEN)
    assert [name for name, _, _ in made.unseen] == SEEN
    if language != "en":
        english = {text for text in TEXTS if text in questions}
        assert not english, f"{language}.po leaves {english} in English"
    page = html.unescape(guide_page(made))
    assert f'lang="{language.replace("_", "-")}"' in page
    for text in (made.heading, made.introduction, made.unseen_heading, *questions):
        assert page.count(f">{text}<") >= 1, text
    assert "http" not in page.replace("http-equiv", ""), "a page loads nothing"


def test_a_company_that_sees_everything_is_asked_nothing_more():
    made = guide(shipped("en"), [])
    assert made.unseen_heading not in guide_page(made)


def test_questions_are_questions_that_no_yes_or_no_can_hide_behind():
    openers = ("what", "which", "who", "whom", "when", "where", "why", "how", "at which", "between which")
    for one in INTERVIEWS:
        asked = [question for question in one.questions if not question.lower().startswith(openers)]
        assert all(" or " in question or question.startswith("Did we solve") for question in asked), asked
    for cause in CAUSES.values():
        assert cause.question.endswith("?") and len(cause.question) <= 70, cause
