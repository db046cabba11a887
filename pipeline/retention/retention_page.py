"""What was kept as one page that opens offline and prints, and the same as Markdown."""

import base64
from collections.abc import Iterable
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from pipeline.retention.sections import Section, is_figure


def html(title: str, introduction: Iterable[str], sections: Iterable[Section]) -> str:
    """The page; every text is shown as text, and a content security policy forbids scripts and all requests.

    Parameters
    ----------
    title
        Its heading.
    introduction
        What has to be read before any figure; a line that begins with ``WARNING`` stands out.
    sections
        Its parts, in order.

    Examples
    --------
    >>> page = html("A & B", ["WARNING <b>"], [Section("Kept", ("by", "share"), (("x", "9 %"),))])
    >>> "<h1>A &amp; B</h1>" in page, '<p class="warning" role="note">&lt;b&gt;</p>' in page, "<script" in page
    (True, True, False)
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_template))
    return environment.get_template("retention_page.html.j2").render(
        title=title, introduction=list(introduction), sections=list(sections), is_figure=is_figure, encoded=_encoded
    )


def markdown(title: str, introduction: Iterable[str], sections: Iterable[Section]) -> str:
    r"""The same as Markdown, without the pictures.

    >>> markdown("Shop", ["A rule."], [Section("Kept", points=("all",))])
    '# Shop\n\nA rule.\n\n## Kept\n\n- all\n'
    """
    parts = [f"# {title}", *introduction]
    for section in sections:
        head = [f"## {section.title}"] if section.title else []
        body = "\n".join(section.lines()).removeprefix(head[0] if head else "").strip()
        parts += [*head, *([body] if body else [])]
    return "\n\n".join(parts) + "\n"


def _template(name: str) -> str:
    return files("pipeline.retention").joinpath(name).read_text(encoding="utf-8")


def _encoded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()
