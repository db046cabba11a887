"""Contact policy: caps, consent, the mix, fatigue, rest, and one open action per customer."""

from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.decisions.contact_policy import longest_silence
from tests.decisions.week import WEEK, book, context, decide, frame, given
from tests.drawing import drawn

OFFER = "personal-post-sale-offer"
BEFORE = WEEK - timedelta(days=7)

# Contacts within 7 days, where 2 are the cap, and the channel of the playbook.
CAPS = """
    | sent | channel            | given |
    | 1    | e-mail             | yes   |
    | 2    | e-mail             | no    |
    | 3    | phone              | no    |
    | 2    | letter             | no    |
    | 2    | [internal, e-mail] | no    |
    | 2    | internal           | yes   |
    | 9    | all                | yes   |
"""


@pytest.mark.parametrize("case", drawn(CAPS), ids=lambda case: "-".join(case.values()))
def test_nobody_hears_more_often_than_the_cap(case):
    from ruamel.yaml import YAML

    found, why = given({"sent_7d": int(case["sent"])}, book(channel=YAML(typ="safe").load(case["channel"])))
    assert (found == "x") == (case["given"] == "yes")
    if found is None:
        assert why == (
            "nothing, because all teams together have been in touch 2 times or more within 7 days "
            "(contact.max_per_week)"
        )


# Which consents are known, what is done where none is, and by which channel the action goes.
CONSENTS = """
    | channels             | email | phone | sms | unknown | prefers | answered | by     |
    | e-mail               | yes   | -     | -   | refuse  | -       | -        | e-mail |
    | e-mail               | no    | -     | -   | allow   | -       | -        | -      |
    | e-mail               | -     | -     | -   | allow   | -       | -        | e-mail |
    | e-mail               | -     | -     | -   | refuse  | -       | -        | -      |
    | phone                | yes   | no    | yes | allow   | -       | -        | -      |
    | sms                  | yes   | yes   | no  | allow   | -       | -        | -      |
    | letter               | no    | no    | no  | refuse  | -       | -        | letter |
    | internal             | no    | no    | no  | refuse  | -       | -        | internal |
    | e-mail, phone, sms   | no    | no    | yes | refuse  | -       | -        | sms    |
    | e-mail, phone, sms   | no    | no    | no  | refuse  | -       | -        | -      |
    | e-mail, phone        | yes   | yes   | -   | refuse  | phone   | e-mail   | phone  |
    | e-mail, phone        | yes   | yes   | -   | refuse  | -       | Phone    | phone  |
    | e-mail, phone        | yes   | no    | -   | refuse  | phone   | phone    | e-mail |
    | e-mail, phone        | yes   | yes   | -   | refuse  | sms     | -        | e-mail |
    | e-mail, letter       | no    | -     | -   | refuse  | -       | -        | letter |
"""


@pytest.mark.parametrize("case", drawn(CONSENTS), ids=lambda case: "-".join(case.values()))
def test_the_channel_is_one_the_customer_allows_and_likes_best(case):
    flags = {"yes": True, "no": False, "-": None}
    change = {f"{name}_opt_in": flags[case[name]] for name in ("email", "phone", "sms")}
    change |= {"preferred_channel": None if case["prefers"] == "-" else case["prefers"]}
    change |= {"responded_channel": None if case["answered"] == "-" else case["answered"]}
    wanted = case["channels"].split(", ")
    books = {"x": book(channel=wanted[0] if len(wanted) == 1 else wanted)}
    found = decide(frame(change), books, context(unknown_consent=case["unknown"]))[0]
    assert (found["channel"] or "-") == case["by"]
    if case["by"] == "-":
        asked = [case[{"e-mail": "email"}.get(name, name)] for name in wanted]
        why = "this customer has not agreed" if "no" in asked else "it is not known whether this customer agrees"
        assert found["why_not"] == f"nothing, because {why} to {' or '.join(wanted)}"


# What is done where nothing is known, by channel and country: everywhere e-mail is refused and the phone allowed, in
# Germany nobody is called, in Norway mail is allowed; Sweden is not named, and of the last customer no country is known.
BY_COUNTRY = {"email": "refuse", "phone": "allow", "sms": "refuse",
              "by_country": {"DE": {"phone": "refuse"}, "NO": {"email": "allow"}}}  # fmt: skip
COUNTRIES = """
    | country | email | channels             | by     |
    | DE      | -     | e-mail, phone, sms   | -      |
    | DE      | yes   | e-mail, phone, sms   | e-mail |
    | NO      | -     | e-mail, phone        | e-mail |
    | NO      | no    | e-mail, phone        | phone  |
    | SE      | -     | e-mail, phone        | phone  |
    | SE      | -     | e-mail, sms          | -      |
    | -       | -     | e-mail, phone        | phone  |
    | -       | -     | sms, letter          | letter |
"""


@pytest.mark.parametrize("case", drawn(COUNTRIES), ids=lambda case: "-".join(case.values()))
def test_where_nothing_is_known_the_channel_and_the_country_decide(case):
    fact = {"home_country": None if case["country"] == "-" else case["country"]}
    fact |= {"email_opt_in": {"yes": True, "no": False, "-": None}[case["email"]]}
    books = {"x": book(channel=case["channels"].split(", "))}
    assert (decide(frame(fact), books, context(unknown_consent=BY_COUNTRY))[0]["channel"] or "-") == case["by"]


@pytest.mark.parametrize("wrong", ["maybe", {"email": "allow"}, {**BY_COUNTRY, "by_country": {"Germany": {}}},
                                   {**BY_COUNTRY, "by_country": {"DE": {"fax": "allow"}}}])  # fmt: skip
def test_an_answer_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="unknown_consent"):
        context(unknown_consent=wrong)


# Offers and all contacts within the window; at most 3 offers, and at most half of everything.
MIXES = """
    | offers | sent | given | why                                          |
    | 0      | 0    | yes   | the first contact may be an offer            |
    | 1      | 1    | no    | two of two                                   |
    | 1      | 2    | no    | two of three                                 |
    | 1      | 3    | yes   | two of four                                  |
    | 2      | 5    | yes   | three of six                                 |
    | 3      | 90   | no    | three are enough                             |
"""


@pytest.mark.parametrize("case", drawn(MIXES), ids=lambda case: case["why"])
def test_not_only_offers(case):
    facts = {"offers_in_window": int(case["offers"]), "sent_in_window": int(case["sent"])}
    assert (given(facts, book(OFFER))[0] == "x") == (case["given"] == "yes")
    assert given(facts, book("newsletter-useful"))[0] == "x", "only offers are counted out"
    assert given(facts, book(OFFER, channel="internal"))[0] == "x", "nobody notices"


# Who unsubscribed, or answered nothing for long: 8 contacts, of which the last is less than 30 days ago.
FATIGUE = """
    | fatigued   | unanswered | last       | given |
    | 2024-02-04 | 0          | -          | no    |
    | 2024-02-03 | 0          | -          | yes   |
    | -          | 8          | 2024-02-04 | no    |
    | -          | 8          | 2024-02-03 | yes   |
    | -          | 7          | 2024-03-03 | yes   |
"""


@pytest.mark.parametrize("case", drawn(FATIGUE), ids=lambda case: "-".join(case.values()))
def test_who_has_had_enough_is_sold_nothing(case):
    day = {name: None if case[name] == "-" else date.fromisoformat(case[name]) for name in ("fatigued", "last")}
    facts = {"fatigued_day": day["fatigued"], "unanswered": int(case["unanswered"]), "last_sent_day": day["last"]}
    found, why = given(facts, book(OFFER))
    assert (found == "x") == (case["given"] == "yes")
    assert found or why.endswith("and x sells")
    assert given(facts, book("thank-you-email"))[0] == "x"


@pytest.mark.parametrize(
    ("facts", "channel", "is_given"),
    [
        ({"snoozed_until": WEEK + timedelta(days=1)}, "e-mail", False),
        ({"snoozed_until": WEEK + timedelta(days=1)}, "internal", False),
        ({"snoozed_until": WEEK}, "e-mail", True),
        ({"done_day": WEEK - timedelta(days=6)}, "e-mail", False),
        ({"done_day": WEEK - timedelta(days=6)}, "internal", True),
        ({"done_day": WEEK - timedelta(days=7)}, "e-mail", True),
    ],
)
def test_who_was_put_off_or_looked_after_is_left_in_peace(facts, channel, is_given):
    found, why = given(facts, book(channel=channel))
    assert (found == "x") == is_given
    assert is_given or why.startswith("nothing, because ")


def test_an_open_action_goes_on_with_its_days_and_nothing_is_put_beside_it():
    books = {"first": book(), "call": book(channel="phone", due_in_days=5, cooldown_days=60, cost=1.0)}
    facts = {"open_playbook": "call", "open_given_day": BEFORE, "sent_7d": 9, "value_at_stake": 0.5}
    row = decide(frame(facts), books, context(), [("a", BEFORE, "call", None)])[0]
    assert (row["playbook"], row["why_not"]) == ("call", None), "neither cap, cost nor its own rest stops it"
    assert (row["given_day"], row["due_day"]) == (BEFORE, BEFORE + timedelta(days=5))
    new = decide(frame({}), books, context())[0]
    assert (new["playbook"], new["given_day"], new["due_day"]) == ("first", WEEK, WEEK + timedelta(days=3))


@pytest.mark.parametrize("facts", [{"snoozed_until": date(2024, 3, 5)}, {"phone_opt_in": False}])
def test_an_open_action_waits_where_the_customer_may_not_be_reached(facts):
    facts = {"open_playbook": "call", "open_given_day": BEFORE} | facts
    row = decide(frame(facts), {"call": book(channel="phone")}, context())[0]
    assert row["playbook"] is None and row["why_not"].startswith("nothing, because ")


# The rule, where the customer stands now and when he or she last ordered, and whether what the list of 26 February gave
# goes on.
SETTLED = """
    | when                    | state   | last order | open |
    | state in (lapsed, lost) | lapsed  | 2024-01-10 | yes  |
    | state in (lapsed, lost) | lost    | 2024-01-10 | yes  |
    | state in (lapsed, lost) | current | 2024-03-03 | no   |
    | state in (lapsed, lost) | current | 2024-02-20 | no   |
    | risk_band = critical    | current | 2024-01-24 | yes  |
    | risk_band = critical    | current | 2024-02-25 | yes  |
    | risk_band = critical    | current | 2024-02-26 | no   |
    | risk_band = critical    | current | -          | yes  |
    | risk_band = high        | current | 2024-03-03 | yes  |
    | everyone                | current | 2024-03-03 | yes  |
"""


@pytest.mark.parametrize("case", drawn(SETTLED), ids=lambda case: "-".join(case.values()))
def test_an_order_settles_an_open_action_whose_rule_holds_no_more(case):
    last = None if case["last order"] == "-" else date.fromisoformat(case["last order"])
    facts = {"open_playbook": "call", "open_given_day": BEFORE, "last_order_day": last}
    customers = frame(facts).with_columns(state=pl.lit(case["state"]))
    row = decide(customers, {"call": book(when=case["when"])}, context())[0]
    assert (row["playbook"], row["given_day"]) == (("call", BEFORE) if case["open"] == "yes" else (None, None))


def test_an_open_action_of_a_playbook_that_is_gone_is_open_no_more():
    assert given({"open_playbook": "old", "open_given_day": BEFORE}, {"new": book()})[0] == "new"


def test_open_actions_take_their_room():
    rows = [{"value_at_stake": 9.0}, {"value_at_stake": 8.0}, {"open_playbook": "x", "open_given_day": BEFORE}]
    found = decide(frame(*rows), {"x": book(capacity=2)}, context())
    assert [row["playbook"] for row in found] == ["x", None, "x"]
    full = decide(frame(*rows), {"x": book(capacity=1)}, context())
    assert [row["playbook"] for row in full] == [None, None, "x"]


def test_a_control_is_given_nothing_and_goes_through_the_same_weeks_in_thought():
    rows = [{"is_control": True, "open_playbook": "x", "open_given_day": BEFORE}, {"value_at_stake": 1.0}]
    control, other = decide(frame(*rows), {"y": book(), "x": book(capacity=1)}, context())
    assert (control["playbook"], control["would_have_been"], control["given_day"]) == (None, "x", None)
    assert other["playbook"] == "y" and "control group" in control["why_not"]
    alone = decide(frame(rows[0], {"value_at_stake": 1.0}), {"x": book(capacity=1)}, context())
    assert alone[1]["playbook"] == "x", "a control takes no room"


# Value tier, tier and last contact; who is to be kept hears from us within 90 days.
SILENCES = """
    | value_tier | tier    | last       | due        |
    | top        | regular | 2024-01-01 | 2024-03-31 |
    | tail       | loyal   | 2023-12-01 | 2024-02-29 |
    | tail       | regular | 2023-12-01 | -          |
    | top        | regular | -          | 2024-03-04 |
"""


@pytest.mark.parametrize("case", drawn(SILENCES), ids=lambda case: "-".join(case.values()))
def test_by_when_somebody_should_be_in_touch(case):
    last = None if case["last"] == "-" else date.fromisoformat(case["last"])
    table = frame({"value_tier": case["value_tier"], "tier": case["tier"], "last_sent_day": last})
    found = table.select(longest_silence.columns(context().contact, WEEK, is_known=True)).row(0)
    assert found == (last, None if case["due"] == "-" else date.fromisoformat(case["due"]))
    unknown = table.select(longest_silence.columns(context().contact, WEEK, is_known=False)).row(0)
    assert unknown == (found if last else (None, None)), "where nothing is recorded, nothing is known"


def test_no_rule_of_contact_stands_in_the_way_of_who_is_not_meant():
    assert given({"sent_7d": 9}, book(when="tier = new"))[1].startswith("nothing, because no playbook is for")
