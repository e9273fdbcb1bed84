"""The project's own files, as tests of its rules read them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Module:
    """A Python file of the service."""

    name: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        """The first part below `market`: `services` of market.services.stalls."""
        return self.name.split(".")[1] if "." in self.name else ""

    def imports(self) -> Iterator[tuple[str, str | None]]:
        """(module, name) of each import; the name is None for `import module`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, None
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield node.module or "", alias.name

    def attributes(self) -> Iterator[ast.Attribute]:
        """Each `something.name` in it."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Attribute))


@cache
def modules() -> tuple[Module, ...]:
    """All modules of `market`."""
    return tuple(_parsed(path) for path in sorted((ROOT / "market").rglob("*.py")))


def templates() -> tuple[Path, ...]:
    """All templates, relative to their folder."""
    folder = ROOT / "templates"
    return tuple(sorted(path.relative_to(folder) for path in folder.rglob("*.html")))


def own_texts() -> Iterator[tuple[str, str]]:
    """(path, text) of each file that is under version control or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a workbook


def _parsed(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    return Module(name, ast.parse(path.read_text(encoding="utf-8")))
