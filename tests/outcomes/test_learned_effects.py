"""What is believed of playbooks, kept: nothing is lost, nothing is written twice, nothing is known too early."""

import json
from dataclasses import replace
from datetime import date

import pytest

from pipeline.config.errors import BadData
from pipeline.outcomes import learned_effects
from pipeline.outcomes.learned_effects import Posterior

JUNE, JULY = date(2024, 6, 3), date(2024, 7, 1)
CALL = Posterior(JUNE, "call", 0.3, 0.3, 0.1, 0.05, 900, 60, 1000, 0.2, 0.1, 0.3, "works", False)
MAIL = replace(CALL, playbook="mail", effect=-0.02, verdict="harmful", is_retired=True)


def test_every_change_stays_and_what_did_not_change_is_not_written_again(tmp_path):
    file = tmp_path / "learned_effects.json"
    assert learned_effects.read(file) == []
    assert learned_effects.add(file, [CALL, MAIL]) == [CALL, MAIL]
    content = file.read_bytes()
    assert learned_effects.add(file, [replace(CALL, day=JULY, before=0.2), MAIL]) == []
    assert file.read_bytes() == content, "the same readout on a later day is no change of belief"
    newer = replace(CALL, day=JULY, before=0.2, effect=0.15, customers=1400)
    assert learned_effects.add(file, [newer, replace(MAIL, day=JULY)]) == [newer]
    assert learned_effects.read(file) == [CALL, MAIL, newer]


def test_a_list_knows_only_what_was_known_on_its_day(tmp_path):
    newer = replace(CALL, day=JULY, effect=0.15)
    kept = [CALL, MAIL, newer]
    assert learned_effects.latest(kept, date(2024, 6, 2)) == {}
    assert learned_effects.latest(kept, date(2024, 6, 30)) == {"call": CALL, "mail": MAIL}
    assert learned_effects.latest(kept, JULY) == {"call": newer, "mail": MAIL}


def test_nothing_is_learnt_behind_the_back_of_lists_that_were_made(tmp_path):
    file = tmp_path / "learned_effects.json"
    learned_effects.add(file, [replace(CALL, day=JULY)])
    with pytest.raises(BadData, match="holds what was learnt by 2024-07-01, and 2024-06-03 is before that"):
        learned_effects.add(file, [replace(CALL, effect=0.1)])


# The declared effect is 0.3.
@pytest.mark.parametrize(
    ("effect", "low", "high", "used"),
    [(0.2, 0.1, 0.31, 0.3), (0.2, 0.1, 0.3, 0.3), (0.2, 0.1, 0.29, 0.2), (0.4, 0.31, 0.5, 0.4), (0.4, 0.29, 0.5, 0.3),
     (-0.2, -0.3, -0.1, 0.0), (1.3, 1.1, 1.5, 1.0)],
)  # fmt: skip
def test_lists_use_a_share_and_only_what_chance_alone_does_not_explain(effect, low, high, used):
    call = replace(CALL, effect=effect, low=low, high=high)
    unsure = replace(MAIL, effect=0.25, low=0.1, high=0.4)
    assert learned_effects.in_use({"call": call}) == {"call": used}
    both = learned_effects.in_use({"call": call, "mail": unsure})
    moved = used != 0.3
    assert both == {"call": used, "mail": 0.25 if moved else 0.3}, "guesses and measured effects are not mixed"


@pytest.mark.parametrize(
    "broken",
    ['{"learned_effects": [{}]}', "{}", '{"learned_effects": 3}', json.dumps({"learned_effects": [CALL.as_json() | {"effect": None}]}),
     json.dumps({"learned_effects": [CALL.as_json() | {"day": "June"}]})],
)  # fmt: skip
def test_a_broken_file_is_refused_in_one_line(tmp_path, broken):
    file = tmp_path / "learned_effects.json"
    file.write_text(broken, encoding="utf-8")
    with pytest.raises(BadData, match="is not as churn readout --learn writes it"):
        learned_effects.read(file)
