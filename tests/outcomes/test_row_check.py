"""What a filled row means, and what is said of one that cannot be meant: drawn tables."""

from datetime import date

import pytest

from pipeline.outcomes import published_lists
from pipeline.outcomes.filled_list import COLUMNS, FilledRow
from pipeline.outcomes.row_check import Refused, check
from tests.drawing import drawn

RECEIVED = date(2024, 1, 10)

TAKEN = """
    | customer  | as_of      | outcome      | done_day   | answer      | wrong | snooze     | means                                                |
    |-----------|------------|--------------|------------|-------------|-------|------------|------------------------------------------------------|
    | A-7       | 2024-01-01 | done         |            |             |       |            | done . . . .                                         |
    | A-7       | 1.1.2024   | Done         | 3.1.2024   |             |       |            | done 2024-01-03 . . .                                |
    | A-7       | 01/08/2024 | DONE         | 1/9/24     |             |       |            | done 2024-01-09 . . .                                |
    | A-7       | 2024-01-01 | not-done     |            |             |       |            | not_done . . . .                                     |
    | A-7       | 2024-01-01 | ikke gjort   |            |             |       |            | not_done . . . .                                     |
    | A-7       | 2024-01-01 | 実施済み     |            | 承諾        |       |            | done . accepted . .                                  |
    | A-7       | 2024-01-01 |              |            | declined    |       |            | done . declined . .                                  |
    | A-7       | 2024-01-01 | not_done     |            | declined    |       |            | not_done . declined . .                              |
    | A-7       | 2024-01-01 |              |            | Unreachable |       |            | not_done . unreachable . .                           |
    | A-7       | 2024-01-01 |              | 2024-01-02 | unreachable |       |            | not_done 2024-01-02 unreachable . .                  |
    | A-7       | 2024-01-01 | not_done     | 2024-01-02 | unreachable |       |            | not_done 2024-01-02 unreachable . .                  |
    | A-7       | 2024-01-01 |              |            |             | 2     |            | wrong_reason . . price .                             |
    | A-7       | 2024-01-01 | wrong reason |            |             |       |            | wrong_reason . . recency .                           |
    | A-7       | 2024-01-01 | done         |            | complaint   | 1.0   |            | done . complaint recency .                           |
    | A-7       | 2024-01-01 |              | 2024-01-02 |             |       |            | done 2024-01-02 . . .                                |
    | A-7       | 2024-01-01 |              |            |             |       | 5.2.2024   | . . . . 2024-02-05                                   |
    | a-7       | 45292      | done         |            |             |       |            | done . . . .                                         |
    | 1000.0    | 2024-01-01 | done         |            |             |       |            | done . . . .                                         |
    | 181       | 2024-01-01 | done         |            |             |       |            | done . . . .                                         |
    | ="000181" | 2024-01-01 | done         |            |             |       |            | done . . . .                                         |
"""
REFUSED = """
    | customer | as_of      | outcome  | done_day   | answer | wrong | snooze     | because                                                                              |
    |----------|------------|----------|------------|--------|-------|------------|--------------------------------------------------------------------------------------|
    | A-7      |            | done     |            |        |       |            | as_of is empty; write the day of the list, or name it for the whole file: --as-of YYYY-MM-DD |
    | A-7      | Monday     | done     |            |        |       |            | as_of 'Monday' is no day; write the day of the list: YYYY-MM-DD                       |
    | A-7      | 2024-01-02 | done     |            |        |       |            | as_of 2024-01-02: no list of that day is published here; write the day of a list in exports/ |
    | A-7      | 2024-01-15 | done     |            |        |       |            | as_of 2024-01-15: no list of that day is published here; write the day of a list in exports/ |
    | B-7      | 2024-01-01 | done     |            |        |       |            | customer 'B-7' is not on the list of 2024-01-01; write the id as it was published     |
    | 1.8E+02  | 2024-01-01 | done     |            |        |       |            | customer '1.8E+02' is not on the list of 2024-01-01; write the id as it was published |
    | A-7      | 2024-01-01 | dnoe     |            |        |       |            | outcome 'dnoe' is none of done, not_done, wrong_reason; did you mean 'done'?          |
    | A-7      | 2024-01-01 | declined |            |        |       |            | outcome 'declined' is none of done, not_done, wrong_reason                            |
    | A-7      | 2024-01-01 |          |            | maybe  |       |            | answer 'maybe' is none of accepted, declined, unreachable, complaint                  |
    | A-7      | 2024-01-01 |          |            |        | 3     |            | wrong_reason '3' is no reason of this row; write 1 or 2                               |
    | A-7      | 2024-01-01 |          |            |        | 0     |            | wrong_reason '0' is no reason of this row; write 1 or 2                               |
    | A-7      | 2024-01-01 | done     | 2023-12-31 |        |       |            | done_day '2023-12-31' is no day from 2024-01-01, the day of the list, to 2024-01-10; write YYYY-MM-DD |
    | A-7      | 2024-01-01 | done     | 2024-01-11 |        |       |            | done_day '2024-01-11' is no day from 2024-01-01, the day of the list, to 2024-01-10; write YYYY-MM-DD |
    | A-7      | 2024-01-01 | done     | 31.2.2024  |        |       |            | done_day '31.2.2024' is no day from 2024-01-01, the day of the list, to 2024-01-10; write YYYY-MM-DD |
    | A-7      | 2024-01-01 | done     | soon       |        |       |            | done_day 'soon' is no day from 2024-01-01, the day of the list, to 2024-01-10; write YYYY-MM-DD |
    | A-7      | 2024-01-01 | not_done | 2024-01-02 |        |       |            | outcome 'not_done' and done_day 2024-01-02 deny each other; leave one of them empty   |
    | A-7      | 2024-01-01 |          |            |        |       | 2024-01-01 | snooze_until_day '2024-01-01' is no day after 2024-01-01, the day of the list; write YYYY-MM-DD |
    | A-7      | 2024-01-01 |          |            |        |       | 02/03/2024 | snooze_until_day '02/03/2024' can be two days; write YYYY-MM-DD                        |
"""


def filled(case: dict[str, str]) -> FilledRow:
    named = {"customer_id": case["customer"], "as_of": case["as_of"], "outcome": case["outcome"],
             "done_day": case["done_day"], "answer": case["answer"], "wrong_reason": case["wrong"],
             "snooze_until_day": case["snooze"]}  # fmt: skip
    return FilledRow("row 2", dict.fromkeys(COLUMNS, "") | named)


@pytest.fixture
def published(exports):
    return lambda day: published_lists.read(exports, "shop", day)


@pytest.mark.parametrize("case", drawn(TAKEN), ids=lambda case: case["means"] + case["customer"] + case["as_of"])
def test_a_row_means(case, published):
    outcome = check(filled(case), published, RECEIVED)
    parts = (outcome.status, outcome.done_day, outcome.answer, outcome.wrong_family, outcome.snooze_until_day)
    assert " ".join("." if part is None else str(part) for part in parts) == case["means"]
    assert outcome.customer_id in {"A-7", "1000", "000181"} and outcome.as_of_day in {
        date(2024, 1, 1),
        date(2024, 1, 8),
    }


@pytest.mark.parametrize("case", drawn(REFUSED), ids=lambda case: case["because"][:40])
def test_a_row_is_refused(case, published):
    with pytest.raises(Refused) as refusal:
        check(filled(case), published, RECEIVED)
    assert str(refusal.value) == case["because"]


def test_a_day_for_the_whole_file_is_that_of_rows_that_say_none(published):
    row = FilledRow("row 2", dict.fromkeys(COLUMNS, "") | {"customer_id": "A-7", "outcome": "done"})
    assert check(row, published, RECEIVED, date(2024, 1, 8)).as_of_day == date(2024, 1, 8)


def test_an_id_that_can_be_two_customers_is_refused(tmp_path, exports):
    from tests.outcomes.conftest import publish

    publish(exports, date(2024, 1, 22), customers=("0181", "181"))
    lists = {date(2024, 1, 22): published_lists.read(exports, "shop", date(2024, 1, 22))}
    rows = {text: FilledRow("row 2", dict.fromkeys(COLUMNS, "") | {"customer_id": text, "as_of": "2024-01-22", "outcome": "done"})
            for text in ("0181", "181", "181.0")}  # fmt: skip
    assert [check(rows[text], lists.get, date(2024, 1, 23)).customer_id for text in ("0181", "181")] == ["0181", "181"]
    with pytest.raises(Refused, match="customer '181.0' is not on the list"):
        check(rows["181.0"], lists.get, date(2024, 1, 23))


def test_a_row_without_reasons_has_none_that_could_be_wrong():
    published = published_lists.PublishedList({"A-7": (None, None, None)}, {})
    row = FilledRow("row 2", dict.fromkeys(COLUMNS, "") | {"customer_id": "A-7", "wrong_reason": "1"})
    with pytest.raises(Refused, match="wrong_reason '1': this row names no reason that could be wrong; leave it empty"):
        check(row, lambda _: published, RECEIVED, date(2024, 1, 8))
