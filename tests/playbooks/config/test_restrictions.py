"""What a playbook may not say of itself: refused when the file is read, in one line with what to write instead."""

import copy

import pytest
from ruamel.yaml import YAML

from pipeline.config import params
from pipeline.config.errors import BadPlaybooks
from pipeline.playbooks.config import channels, playbooks_file, restrictions
from pipeline.playbooks.rules.vocabulary import vocabulary
from tests.drawing import drawn

NAMES = vocabulary(params.load().score, params.load().features)
PLAIN = {"effect": 0.5, "tactic": "personal-post-sale-offer", "when": "everyone", "action": "Do it", "channel": "e-mail", "who": "sales",
         "due_in_days": 3, "cost": 0.0}  # fmt: skip
FILES = ("playbooks.yaml", "examples/subscription/playbooks.yaml", "examples/b2b/playbooks.yaml")

# What is changed in a plain offer, and what is answered; a dash means it is right.
SAID = r"""
    | change                                                                             | answer                                      |
    | {}                                                                                 | -                                           |
    | {channel: phone}                                                                   | -                                           |
    | {channel: [Phone, E-Mail]}                                                         | -                                           |
    | {channel: carrier pigeon}                                                          | x.channel: 'carrier pigeon' is no channel whose consent is known |
    | {channel: [e-mail, telephon]}                                                      | did you mean 'telephone'?                    |
    | {channel: []}                                                                      | x.channel: must be a channel, or a list     |
    | {channel: ''}                                                                      | x.channel: must be a channel, or a list     |
    | {channel: 5}                                                                       | x.channel: must be a channel, or a list     |
    | {purpose: bribe}                                                                   | x.purpose: input should be 'offer', 'useful' |
    | {discount: {share: 0.1}, cooldown_days: 30, when: first_causes has C27}                 | -                                           |
    | {discount: {share: 0.1}, cooldown_days: 30, when: reasons has price}              | -                                           |
    | {discount: {share: 0.1}, cooldown_days: 30, when: first_reason = price}         | -                                           |
    | {discount: {share: 0.1}, cooldown_days: 30, when: risk_band = high and tier = loyal} | x.discount: is for everybody                |
    | {discount: {share: 0.1}, cooldown_days: 30, when: not causes has C47}         | x.discount: is for everybody                |
    | {discount: {share: 0.1}, when: first_causes has C27}                                    | write its cooldown_days                     |
    | {discount: {share: 0}, cooldown_days: 30, when: first_causes has C27}                   | x.discount.share: input should be greater than 0 |
    | {discount: {share: 1}, cooldown_days: 30, when: first_causes has C27}                   | x.discount.share: input should be less than 1 |
    | {discount: {shar: 0.1}}                                                            | unknown key 'playbooks.x.discount.shar'; did you mean 'share'? |
    | {promotion: {was_price: 9.99, lowest_price_before: 9.99}}                          | -                                           |
    | {promotion: {was_price: 12, lowest_price_before: 9.5}}                             | 12 is more than lowest_price_before, the lowest price of the 30 days before |
    | {promotion: {was_price: 12, lowest_price_before: 9.5}}                             | write 9.5                                   |
    | {promotion: {was_price: 12}}                                                       | missing key 'playbooks.x.promotion.lowest_price_before' |
    | {promotion: {was_price: 9, lowest_price_before: 9, stock: -1}}                     | x.promotion.stock: input should be greater than or equal to 0 |
    | {promotion: {was_price: 9, lowest_price_before: 9, ends_day: 2024-03-01}}          | must be a quoted string, write "2024-03-01" |
    | {promotion: {was_price: 9, lowest_price_before: 9, ends_day: '2024-03-01'}}        | -                                           |
    | {tactic: credit-limit, who: sales}                                                 | -                                           |
    | {tactic: credit-limit, who: software}                                              | x.who: 'software' cannot do 'credit-limit'  |
    | {draft: Dear customer}                                                             | x.draft: 'personal-post-sale-offer' is carried out by software |
    | {tactic: apology-email, draft: We are sorry}                                       | -                                           |
    | {tactic: exit-interview}                                                           | -                                           |
    | {tactic: exit-interview, purpose: offer}                                           | an exit interview asks and sells nothing    |
    | {tactic: exit-interview, offers: [a month for free]}                               | an exit interview asks and sells nothing    |
    | {due_before: days_to_renewal, when: days_to_renewal between 1 and 30}              | -                                           |
    | {due_before: days_to_renewal, when: tier = loyal and not (days_to_renewal > 30)}   | -                                           |
    | {due_before: days_to_renewal}                                                      | x.due_before: 'days_to_renewal' is no number of days until something that the rule under when names; name one there, such as days_to_renewal |
    | {due_before: days_to_renewal, when: days_to_points_expiry <= 14}                   | x.due_before: 'days_to_renewal' is no number of days until something that the rule under when names; write days_to_points_expiry |
    | {due_before: days_since_last_order, when: days_since_last_order > 90}              | x.due_before: 'days_since_last_order' is no number of days until |
    | {due_before: 3}                                                                    | x.due_before: input should be a valid string |
    | {tactic: win-back-campaign, purpose: feedback}                                     | wins customers back and asks nothing        |
"""


@pytest.mark.parametrize("case", drawn(SAID), ids=lambda case: case["change"])
def test_what_a_playbook_says_of_itself(settings, case):
    content = {"playbooks": {"x": copy.deepcopy(PLAIN) | YAML(typ="safe").load(case["change"])}}
    if case["answer"] == "-":
        playbooks_file.parse(content, NAMES)
        return
    with pytest.raises(BadPlaybooks) as refused:
        playbooks_file.parse(content, NAMES)
    assert case["answer"] in str(refused.value) and "\n" not in str(refused.value)
    assert str(refused.value).startswith("playbooks.yaml: ")


# Limits of the company: 500 for a person's work without a note, 12 offers, and its list of words.
LIMITS = r"""
    | change                                                                            | answer                              |
    | {tactic: apology-email, cost: 499.99}                                             | -                                   |
    | {tactic: apology-email, cost: 500}                                                | x.feasibility: is missing, and a person's work at 500 is dear |
    | {tactic: apology-email, cost: 500, feasibility: they are our largest account}     | -                                   |
    | {cost: 900}                                                                       | -                                   |
    | {offers: [a, b, c, d, e, f, g, h, i, j, k, l]}                                    | -                                   |
    | {offers: [a, b, c, d, e, f, g, h, i, j, k, l, m]}                                 | x.offers: holds 13, of which nobody can choose; write at most 12 |
    | {action: We guarantee the price}                                                  | x.action: 'guarantee' promises too much |
    | {action: It will NEVER AGAIN be late}                                             | 'never again' promises too much     |
    | {action: A 100 % safe thing}                                                      | '100 %' promises too much           |
    | {action: Unlimited calls}                                                         | 'unlimited' promises too much       |
    | {action: Call the hallways office}                                                | -                                   |
    | {offers: [risk-free trial]}                                                       | x.offers: 'risk-free' promises too much |
    | {tactic: apology-email, draft: This is for sure}                                  | x.draft: 'for sure' promises too much |
    | {action: We guarantee an answer, promise: {what: an answer, due_in_days: 2}}      | -                                   |
    | {action: 'It is, in a word, always open'}                                         | 'always' promises too much          |
"""


@pytest.mark.parametrize("case", drawn(LIMITS), ids=lambda case: case["change"])
def test_what_the_company_does_not_allow(settings, case):
    text = case["change"].replace("We guarantee an answer, promise", "'We guarantee an answer', promise")
    content = {"playbooks": {"x": copy.deepcopy(PLAIN) | YAML(typ="safe").load(text)}}
    books = playbooks_file.parse(content, NAMES)
    if case["answer"] == "-":
        restrictions.check_against(books, settings.guards)
        return
    with pytest.raises(BadPlaybooks) as refused:
        restrictions.check_against(books, settings.guards)
    assert case["answer"] in str(refused.value) and "\n" not in str(refused.value)


def test_credit_is_a_matter_of_people_whatever_the_catalogue_says(settings, monkeypatch):
    import dataclasses

    from pipeline.playbooks.config.tactics import tactics

    loose = dataclasses.replace(tactics()["credit-limit"], class_="E")
    monkeypatch.setitem(tactics(), "credit-limit", loose)
    with pytest.raises(BadPlaybooks, match="gives credit, which a person has to decide"):
        playbooks_file.parse({"playbooks": {"x": PLAIN | {"tactic": "credit-limit"}}}, NAMES)


@pytest.mark.parametrize("file", FILES)
def test_the_shipped_playbooks_keep_to_all_limits(root, settings, file):
    found = playbooks_file.parse(params.read_yaml(root / file, BadPlaybooks), NAMES)
    restrictions.check_against(found, settings.guards)
    assert all(channels.find(name) for book in found.values() for name in book.channels)


@pytest.mark.parametrize("content", [{}, {"currency": None}, {"currency": "NOK"}])
def test_amounts_in_the_companys_currency_or_in_none_are_taken(content):
    playbooks_file.check_currency(content, "NOK")


def test_amounts_in_another_currency_are_refused():
    with pytest.raises(
        BadPlaybooks, match="are in USD, data.currency is NOK; write yours, then change its line 'currency: USD'"
    ):
        playbooks_file.check_currency({"currency": "USD"}, "NOK")
