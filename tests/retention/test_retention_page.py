"""The page about retention, its command run as it stands."""

import re
import shlex

from click.testing import CliRunner

from pipeline import cli
from tests.conftest import ROOT

BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_what_the_page_shows_is_what_the_command_says(shop):
    blocks, ran = BLOCK.findall((ROOT / "docs/retention.md").read_text(encoding="utf-8")), []
    for language, content in blocks:
        if language == "sh":
            _, *words = shlex.split(content)
            result = CliRunner().invoke(cli.main, words, catch_exceptions=False)
            assert result.exit_code == 0
            ran.append(result.stdout.splitlines())
        else:
            missing = [line for line in content.splitlines() if line not in ran[-1]]
            assert not missing, missing[0]
    assert len(ran) == 1
