"""docs/reliability.md names everything that can stop a list, with the limits of params.yaml."""

import re

import pytest

from pipeline.config import params
from pipeline.drift.kinds import KINDS
from tests.company import ROOT

PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
DRIFT = params.load(ROOT / "params.yaml").drift


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_stands_with_its_limit_and_consequence(kind):
    row = re.search(rf"^\| `{kind}` \| (.+) \| ([\d.]+) \| (\w+) \|$", PAGE, re.MULTILINE)
    assert row, f"docs/reliability.md: add a row for {kind}"
    check = DRIFT.check(kind)
    assert (float(row[2]), row[3]) == (check.limit, check.action), (
        f"docs/reliability.md: write what params.yaml says of {kind}"
    )
    settings = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert f"  # {row[1]}\n  {kind}: " in settings, f"docs/reliability.md and params.yaml must say the same of {kind}"


def test_every_finding_about_a_feed_stands_there():
    code = (ROOT / "pipeline/examples/feed_health.py").read_text(encoding="utf-8")
    kinds = set(re.findall(r'^\s+"(\w+)",$', code, re.MULTILINE)) | set(
        re.findall(r'Finding\(\s*table,\s*"(\w+)"', code)
    )
    assert len(kinds) >= 8
    missing = {kind for kind in kinds if f"`{kind}`" not in PAGE}
    assert not missing, f"docs/reliability.md: say what follows from {missing}"
