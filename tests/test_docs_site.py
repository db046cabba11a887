"""The documentation becomes a site without a warning, and the site loads nothing from the web."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import site

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """The site, as ``make docs`` writes it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_loads_nothing_from_the_web(pages):
    loading = re.compile(r"<(?:script|img|iframe)[^>]*\bsrc=\"(?:https?:)?//|<link[^>]*\bhref=\"(?:https?:)?//[^>]*css")
    for page in pages.rglob("*.html"):
        assert not loading.search(page.read_text(encoding="utf-8")), page.name
    for style in pages.rglob("*.css"):
        assert not re.search(r"@import|url\([\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style.name


def test_the_site_has_the_pages_of_other_folders_the_settings_and_the_api(pages):
    assert "horizon_days" in (pages / "settings.html").read_text(encoding="utf-8")
    assert "pipeline.evaluation.metrics" in (pages / "api.html").read_text(encoding="utf-8")
    assert 'href="tutorial.html"' in (pages / "index.html").read_text(encoding="utf-8")
    assert not list(pages.rglob("*.py"))


def test_every_section_of_the_settings_has_its_heading(settings):
    text = site.describe_settings((ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == re.findall(
        r"^(\w+):", (ROOT / "params.yaml").read_text(encoding="utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize(
    ("place", "page"), [("docs/glossary.md", "glossary.md"), ("docs/decisions/../../README.md", "index.md")]
)
def test_a_file_of_the_repository_has_its_page(place, page):
    assert site.page_of(place) == page
