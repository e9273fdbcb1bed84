"""Rules of the templates: they compile, have a title, and carry no script, style or trust."""

import re
from pathlib import Path

from flask import Flask
from jinja2 import nodes

from tests.sources import ROOT, templates

SKELETONS = {"layouts", "components"}
INLINE = {
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "a script without source": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an address that is script": re.compile(r"javascript:", re.IGNORECASE),
    "markup taken on trust": re.compile(r"\|\s*safe\b|\bautoescape\b"),
    "a query": re.compile(r"\b(?:db|session)\.(?:session|query|execute|scalars?)\b"),
}
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


def test_every_template_compiles(app: Flask) -> None:
    for path in templates():
        app.jinja_env.compile(source_of(path), filename=str(path))


def test_every_page_has_a_title(app: Flask) -> None:
    untitled = [
        path
        for path in templates()
        if is_page(path) and "title" not in blocks(app.jinja_env.parse(source_of(path)))
    ]

    assert untitled == []


def test_every_template_uses_what_it_imports(app: Flask) -> None:
    idle = [
        f"{path}: {name}"
        for path in templates()
        for name in unused_imports(app.jinja_env.parse(source_of(path)))
    ]

    assert idle == []


def test_words_from_variables_are_never_taken_for_markup(app: Flask) -> None:
    formatted = [
        f"{path}:{call.lineno}"
        for path in templates()
        for call in app.jinja_env.parse(source_of(path)).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
        and call.node.name in ("_", "gettext", "ngettext")
        and not isinstance(call.args[0], nodes.Const)
    ]

    assert formatted == [], "the filter `translated` is for these"


def test_no_template_carries_anything_inline() -> None:
    inline = [
        f"{path}: {what}"
        for path in templates()
        for what, pattern in INLINE.items()
        if pattern.search(COMMENT.sub("", source_of(path)))
    ]

    assert inline == []


def is_page(path: Path) -> bool:
    """Whether it is sent by itself; fragments begin with an underscore."""
    return (
        path.parts[0] not in SKELETONS
        and path.name not in {"base.html", "layout.html"}
        and not path.name.startswith("_")
    )


def blocks(template: nodes.Template) -> set[str]:
    """The names of its blocks."""
    return {block.name for block in template.find_all(nodes.Block)}


def unused_imports(template: nodes.Template) -> set[str]:
    """Names of macros and modules that it imports for nothing."""
    used = {name.name for name in template.find_all(nodes.Name) if name.ctx == "load"}
    imported = {
        name if isinstance(name, str) else name[1]
        for statement in template.find_all(nodes.FromImport)
        for name in statement.names
    } | {statement.target for statement in template.find_all(nodes.Import)}
    return imported - used


def source_of(path: Path) -> str:
    """The text of a template."""
    return (ROOT / "templates" / path).read_text(encoding="utf-8")
