"""Rules of the code that neither the linter nor the import contracts can hold."""

import ast
import re
import sys

from tests.sources import ROOT, modules

ENTRYPOINTS = {"web", "api", "cli", "jobs"}
# A look at a page keeps the session alive: a transaction of its own, over before the
# view's begins.
ALSO_COMMITS = {"market.http.security"}
WORDS_THAT_NAME_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def test_only_entrypoints_commit() -> None:
    commits = {
        module.name
        for module in modules()
        if module.layer not in ENTRYPOINTS
        and any(found.attr == "commit" for found in module.attributes())
    }

    assert commits - ALSO_COMMITS == set()


def test_a_module_is_named_for_its_topic() -> None:
    nameless = [
        module.name
        for module in modules()
        if WORDS_THAT_NAME_NOTHING.intersection(re.split(r"[._]", module.name))
    ]

    assert nameless == []


def test_names_come_from_the_module_that_defines_them() -> None:
    borrowed = [
        f"{module.name}: {source}.{name}"
        for module in modules()
        for source, name in module.imports()
        if name is not None and source.split(".")[0] == "market" and not _defines(source, name)
    ]

    assert borrowed == []


def test_names_with_a_leading_underscore_stay_in_their_module() -> None:
    private = [
        f"{module.name}: {source}.{name}"
        for module in modules()
        for source, name in module.imports()
        if name is not None and name.startswith("_")
    ]

    assert private == []


def test_the_domain_imports_the_standard_library_only() -> None:
    foreign = [
        f"{module.name}: {source}"
        for module in modules()
        if module.layer == "domain"
        for source, _ in module.imports()
        if source.split(".")[0] not in sys.stdlib_module_names
        and not source.startswith("market.domain")
    ]

    assert foreign == []


def _defines(source: str, name: str) -> bool:
    folder = ROOT.joinpath(*source.split("."))
    if (folder / name).is_dir() or (folder / f"{name}.py").exists():
        return True
    found = next((module for module in modules() if module.name == source), None)
    return found is not None and name in _defined_names(found.tree.body)


def _defined_names(body: list[ast.stmt]) -> set[str]:
    names: set[str] = set()
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(statement.name)
            case ast.Assign():
                names |= {
                    node.id
                    for target in statement.targets
                    for node in ast.walk(target)
                    if isinstance(node, ast.Name)
                }
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.If() | ast.Try():
                names |= _defined_names(statement.body) | _defined_names(statement.orelse)
    return names
