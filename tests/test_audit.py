"""What an audit says: holes by name, and never that all is well where nobody was asked."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from docs import audit

ROOT = Path(__file__).resolve().parent.parent


def package(name: str, *holes: tuple[str, list[str]], version: str = "1.0") -> dict:
    vulns = [{"id": number, "fix_versions": fixed, "aliases": [], "description": ""} for number, fixed in holes]
    return {"name": name, "version": version, "vulns": vulns}


UNKNOWN = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (1.0)"}
NOBODY = "the database of advisories cannot be reached from here: nothing is known of any package"


@pytest.mark.parametrize(
    ("packages", "code", "lines"),
    [
        ([package("a"), package("b")], audit.CLEAN, ["2 packages looked up: no known hole"]),
        ([package("a", ("CVE-1", ["1.1", "2.0"]))], audit.HOLES,
         ["a 1.0: CVE-1; fixed in 1.1, 2.0", "1 package looked up: 1 known holes"]),
        ([package("a", ("CVE-1", [])), UNKNOWN], audit.HOLES,
         ["a 1.0: CVE-1; not fixed yet", "1 package looked up, nothing known of 1 (b): 1 known holes"]),
        ([package("a"), UNKNOWN], audit.UNKNOWN, ["1 package looked up, nothing known of 1 (b): no known hole"]),
        ([UNKNOWN, UNKNOWN], audit.UNKNOWN, [NOBODY]),
        ([], audit.UNKNOWN, [NOBODY]),
        (None, audit.UNKNOWN, [NOBODY]),
    ],
)  # fmt: skip
def test_the_verdict(packages, code, lines):
    assert audit.verdict(None if packages is None else {"dependencies": packages}) == (code, lines)


@pytest.mark.parametrize("output", ["", "ERROR: no connection\n", json.dumps({"dependencies": [UNKNOWN], "fixes": []})])
def test_an_index_that_does_not_answer_is_no_clean_bill(monkeypatch, capsys, output):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, output, ""))
    assert audit.audit() == audit.UNKNOWN
    assert capsys.readouterr().out == f"{NOBODY}\n"


def test_both_tools_are_locked_with_hashes():
    locked = (ROOT / "requirements/audit.txt").read_text(encoding="utf-8")
    for tool in (ROOT / "requirements/audit.in").read_text(encoding="utf-8").split():
        assert re.search(rf"^{tool}==\S+ \\\n    --hash=sha256:", locked, re.MULTILINE), "run: make lock"
