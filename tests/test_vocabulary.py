"""Names are the field's standard terms: the private words of before are refused, with what to write instead."""

import io
import re
import tokenize

import pytest

from tests.imports import PACKAGE, ROOT, modules

# What is refused as a name in code -> what is written instead. A word that is an ordinary one elsewhere, such as level,
# is refused only where it stood for something else.
BANNED = {
    "teach": "train_examples", "judge": "validation_examples", "untouched": "test_examples",
    "ranker": "ensemble", "Ranker": "Ensemble", "Wide": "AdditiveLogistic", "wide_share": "additive_weight",
    "Miss": "CalibrationResidual", "misses": "residuals", "base_margin": "base_log_odds",
    "origin": "cutoff", "origins": "cutoffs", "rolling": "backtest", "leaks": "leakage",
    "no_order_chance": "p_no_purchase", "Ruling": "DecisionContext", "ruling": "context",
    "Holds": "Eligibility", "stand_between": "withhold", "Teller": "ReasonRenderer", "teller": "renderer",
    "stakes": "expected_saved_value", "evident": "evidence", "bears": "has_evidence",
    "witnesses": "unseen_features", "Speech": "Translator", "speech": "translator", "speech_of": "build_translator",
    "ledger": "audit, or contact_history", "handed_back": "feedback", "reliability": "calibration_check",
    "_refuse_strangers": "check_model_compatibility", "answered_for_by": "approved_by",
    "row_share": "bagging_fraction", "feature_share": "feature_fraction",
    "nought": "zero", "foretold": "predicted", "law": "parameters", "belief": "filtering", "outlook": "lookahead",
}  # fmt: skip
# Counter.most_common is the standard library's.
PATTERNS = {
    r"(least|most)_(?!common$)\w+": "min_... or max_...",
    r"(LEAST|MOST)(_\w+)?": "MIN_... or MAX_...",
    r"(?i:(\w*_)?(told|found|said)(_\w*)?)": "what the thing is: outcomes, fitted, rows, message ...; "
    "of a function, what it does: render_..., describe_..., find_...",
    r"(?i:_*at_*)": "what is counted or pointed to: index, row, position, day, paths ...; of a function, what it does",
}
ALLOWED = {"pipeline.simulate.causal.tickets": {"least_and_most"}, "pipeline.decisions.assignment": {"MOST_URGENT_FIRST"},
           "pipeline.sources.proposal.profiles": {"MOST"}}  # fmt: skip
# The methods of NumPy's ufuncs are called what NumPy calls them.
UFUNC_AT = re.compile(r"\b(np\.\w+)\.at\(")
# Words that no page or message holds.
PAGE_WORDS = ("nought", "foretold", "reckon", "by and by")


def names(code: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(UFUNC_AT.sub(r"\1(", code)).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def instead_of(name: str) -> str | None:
    """What is written instead of a name; None for one that may stand."""
    return BANNED.get(name) or next((new for old, new in PATTERNS.items() if re.fullmatch(old, name)), None)


@pytest.mark.parametrize("module", modules())
def test_no_private_word_is_a_name(module):
    code = modules()[module].read_text(encoding="utf-8")
    for name in sorted(names(code) - ALLOWED.get(module, set())):
        assert instead_of(name) is None, f"{module}: {name} is no standard term; write {instead_of(name)}"


@pytest.mark.parametrize(
    "name", ["told", "_found", "SAID", "FOR_SAID", "pauses_told", "_told_apart", "found_as", "_at"]
)
def test_a_word_that_says_nothing_is_refused_alone_and_as_a_part(name):
    assert instead_of(name)


@pytest.mark.parametrize("name", ["profound", "pairs_at", "years_at_anniversary", "foundation", "toldot", "attr"])
def test_a_name_that_only_holds_the_letters_may_stand(name):
    assert instead_of(name) is None


def test_the_method_at_is_allowed_of_numpy_alone():
    assert "at" not in names("np.minimum.at(earliest, rows, days)")
    assert "at" in names("lines.at(values)")


def test_the_standard_words_are_found_where_people_look_for_them():
    """What a newcomer types into a search leads to the room it names."""
    for word, place in {
        "leakage": "leakage",
        "backtest": "evaluation/backtest.py",
        "calibration": "model/calibration.py",
        "bg_nbd": "value/bg_nbd.py",
        "treeshap": "reasons/treeshap",
        "registry": "tracking/registry.py",
        "guardrails": "decisions/guardrails",
        "control_group": "decisions/control_group.py",
    }.items():
        assert (PACKAGE / place).exists(), f"{word}: pipeline/{place} is not there"
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").lower()
    for word in (
        "leakage",
        "backtest",
        "hold-out",
        "point-in-time",
        "data drift",
        "hyperparameter",
        "lifetime value",
        "uplift",
    ):
        assert word in glossary, f"docs/glossary.md: say what {word} is called here"


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_pages_are_in_plain_modern_english(page):
    text = page.read_text(encoding="utf-8").lower()
    assert not [word for word in PAGE_WORDS if re.search(rf"\b{word}\b", text)], (
        f"{page.name}: write plain modern words"
    )
