"""What MkDocs does to the pages before it makes a site of them; ``mkdocs.yml`` names this file as its hook.

The pages are written to be read in the repository. The site needs three changes: some pages come from other folders,
links to files outside the site become plain text, and names behind code fences become titles.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
# Page of the site -> file of the repository; links between them keep working.
BORROWED = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "model-card.md": "reports/model_card.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Leave out of the navigation what is not written yet."""
    config.nav = _existing(config.nav or [])
    return config


def _existing(entries: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for entry in entries:
        (title, place), *_ = entry.items()
        if isinstance(place, list):
            kept.append({title: _existing(place)})
        elif place in {*BORROWED, "settings.md"} or (ROOT / "docs" / place).is_file():
            kept.append(entry)
    return kept


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that come from other folders, and the settings."""
    for page, place in BORROWED.items():
        if (ROOT / place).is_file():
            files.append(File.generated(config, page, content=(ROOT / place).read_text(encoding="utf-8")))
    settings = describe_settings((ROOT / "params.yaml").read_text(encoding="utf-8"))
    files.append(File.generated(config, "settings.md", content=settings))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """The page with links and code fences as the site needs them."""
    here = page.file.src_uri
    known = {file.src_uri for file in files}
    linked = LINK.sub(lambda match: _rewritten_link(match, here, known), markdown)
    return re.sub(r"^( *```\w+) (\S+).*$", _titled_fence, linked, flags=re.MULTILINE)


def _rewritten_link(match: re.Match[str], here: str, known: set[str]) -> str:
    """The link as it leads inside the site; only its text where the site lacks the file."""
    image, text, target = match.groups()
    place, hash_sign, anchor = target.partition("#")
    if not place or "://" in target:
        return match[0]
    inside = page_of(posixpath.join(posixpath.dirname(BORROWED.get(here, f"docs/{here}")), place))
    if inside not in known:
        return text
    relative = posixpath.relpath(inside, posixpath.dirname(here) or ".")
    return f"{image}[{text}]({relative}{hash_sign}{anchor})"


def page_of(place: str) -> str:
    """The page of the site that shows a file of the repository.

    Examples
    --------
    >>> page_of("docs/decisions/../glossary.md"), page_of("README.md")
    ('glossary.md', 'index.md')
    """
    file = posixpath.normpath(place)
    for page, source in BORROWED.items():
        if file == source:
            return page
    return file.removeprefix("docs/")


def _titled_fence(match: re.Match[str]) -> str:
    is_file = "." in match[2] or "/" in match[2]
    return f'{match[1]} title="{match[2]}"' if is_file else match[1]


def describe_settings(params_yaml: str) -> str:
    """A page with a heading per section of ``params.yaml``, and its settings with their explanations."""
    parts = ["# Settings\n\nEvery setting of `params.yaml`, with its default value for the sample data.\n"]
    section = re.compile(r"((?:^#.*\n)*)^(\w+):\n((?:^[ #].*\n|^\n)*?)(?=^(?:#.*\n)*^\w+:|\Z)", re.MULTILINE)
    for comment, name, body in section.findall(params_yaml):
        lines = [line for line in comment.splitlines() if not line.startswith("# ---")]
        about = "\n".join(line.removeprefix("#").strip() for line in lines)
        parts.append(f"## {name}\n\n{about}\n\n```yaml\n{name}:\n{body.rstrip()}\n```\n")
    return "\n".join(parts)
