"""The week that people open on Monday: who to look after, why, and what to do.

`publish` writes the week folder ``exports/<as_of>/``, whole or not at all:

- ``risk_list.html``: the list to read; one file that needs no network and opens from a mail;
- ``risk_list.xlsx``: the list to fill in and hand back (`FILLED_IN`; `OUTCOMES` and `ANSWERS` are what it takes);
- ``risk_list_<language>.html`` and ``.xlsx``: the same in another language that some of the owners read;
- ``risk_list.csv`` and ``by_owner/<owner>.csv``: the same columns for other tools;
- ``audiences.csv`` and ``audiences/<playbook>.csv``: what is sent without a person, to whom, for the system that sends;
- ``former_customers.csv``: what is owed to customers who are no longer scored, whom to ask why, whom to win back; and
  ``former_actions.parquet``, the decisions on them;
- ``interview_guides/<language>.html``: what to ask those who bought, who stayed and who left, and what no table shows;
- ``outbox.jsonl``: the same actions, one message each, for a CRM;
- ``left_the_list.csv``: who was on the last list and is not on this one, and why;
- ``matured_lists.csv``: what became of those on earlier lists, by band, playbook and reason, beside what was expected;
- ``risk_list.parquet`` and ``actions.parquet``: the list, and the decision on everyone scored, with nothing rounded;
- ``explored.parquet``: what rules look at of those for whom a lot decided, so that an edited ``playbooks.yaml`` can be
  decided on them later; only where a lot decided for somebody;
- ``contributions.parquet``: each feature's contribution to the score, of those listed or of everyone scored; only where
  the settings keep them;
- ``promises.parquet``: what the list promises, to be read as the table commitments; only where something is promised;
- ``data_profile.json`` and ``data_sample.parquet``: what the week saw of the data, by which the next one is judged;
- ``run_report.json``: how the week was made;
- ``manifest.json``: SHA-256, size and row count of each file, so that anyone can prove a file is untouched.

`release` puts a week that was written elsewhere there, byte for byte.

`Week` is what a week is made of, `RISK_LIST` the columns of the list and `COLUMN_WORDS` a sentence on each. Text in CSV
and XLSX went through `safe_text`, so that no spreadsheet takes it for a formula; `original_text` undoes it when a list
comes back. `weeks_before` are the earlier weeks of a company; `recover`, which it calls, settles what a killed run
left; `erase` takes a customer out of all weeks, and `delete_before` deletes old ones. The same week always makes the
same bytes, and nobody else writes to ``exports``.
"""

from pipeline.lists.cells import csv_original, csv_text, original_text, safe_text
from pipeline.lists.column_titles import column_of, column_title
from pipeline.lists.column_words import COLUMN_WORDS
from pipeline.lists.erasing import Erased, delete_before, erase, weeks_holding
from pipeline.lists.notices import notices
from pipeline.lists.publishing import publish, release
from pipeline.lists.schema import ANSWERS, FILLED_IN, OUTCOMES, REASONS, RISK_LIST, STATUSES
from pipeline.lists.value_words import spoken
from pipeline.lists.week import About, Week
from pipeline.lists.week_folder import EXPLORED_FILE, FORMER_ACTIONS, decision_files, recover, weeks_before

__all__ = [
    "ANSWERS",
    "COLUMN_WORDS",
    "EXPLORED_FILE",
    "FILLED_IN",
    "FORMER_ACTIONS",
    "OUTCOMES",
    "REASONS",
    "RISK_LIST",
    "STATUSES",
    "About",
    "Erased",
    "Week",
    "column_of",
    "column_title",
    "csv_original",
    "csv_text",
    "decision_files",
    "delete_before",
    "erase",
    "notices",
    "original_text",
    "publish",
    "recover",
    "release",
    "safe_text",
    "spoken",
    "weeks_before",
    "weeks_holding",
]
