"""Whether a list says at its top that there is hardly anything to do, and why."""

import polars as pl
import pytest

from pipeline.playbooks.config.channels import CONSENTS
from pipeline.week import nothing_to_do
from tests.drawing import drawn

CASES = """
    | listed | nothing | no consent known | too dear | unknown counts as | said               |
    | 0      | 0       | 0                | 0        | refuse            |                    |
    | 20     | 17      | 17               | 17       | refuse            |                    |
    | 20     | 18      | 18               | 0        | refuse            | 2 of 20, 18 consent |
    | 20     | 20      | 10               | 10       | refuse            | 0 of 20, 10 consent |
    | 20     | 20      | 9                | 10       | refuse            | 0 of 20, 10 costs  |
    | 20     | 20      | 20               | 0        | allow             | 0 of 20            |
    | 20     | 20      | 9                | 9        | refuse            | 0 of 20            |
"""


def brief(sentences: tuple) -> str:
    texts = [str(one) for one in sentences]
    words = []
    for text in texts:
        numbers = [word for word in text.split() if word.isdigit()]
        kind = "consent" if "consent is known" in text else "costs" if "costs more" in text else ""
        words.append(" of ".join(numbers) if not kind else f"{numbers[0]} {kind}")
    return ", ".join(words)


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: case["said"] or case["listed"])
def test_what_is_said(case, settings):
    listed, idle, unknown, dear = (int(case[name]) for name in ("listed", "nothing", "no consent known", "too dear"))
    contact = settings.contact.model_copy(
        update={"unknown_consent": type(settings.contact.unknown_consent).model_validate(case["unknown counts as"])}
    )
    rows = pl.DataFrame(
        {
            "why_not": ["nothing, because ..."] * idle + [None] * (listed - idle),
            "obstacle": ["cost"] * dear + ["room"] * (listed - dear),
            # The last ones, so that rows with one cause are not those with the other where there is room for both.
            **{name: [True] * (idle - unknown) + [None] * unknown + [True] * (listed - idle) for name in CONSENTS},
        },
        schema={"why_not": pl.String, "obstacle": pl.String, **dict.fromkeys(CONSENTS, pl.Boolean)},
    )
    assert brief(nothing_to_do.notices(rows, contact)) == case["said"]
