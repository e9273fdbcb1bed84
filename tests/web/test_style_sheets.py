"""The style sheets: readable in light and dark, and small."""

import re

import pytest

from tests.sources import ROOT

CSS = ROOT / "static" / "css"
TEXT = 4.5
EDGE = 3.0
ON_EVERY_GROUND = ["text", "quiet", "action", "good", "due", "wrong"]
PAIRS = [
    *[(ink, ground, TEXT) for ink in ON_EVERY_GROUND for ground in ("page", "surface")],
    ("on-action", "action", TEXT),
    ("text", "action-tint", TEXT),
    ("quiet", "action-tint", TEXT),
    ("action", "action-tint", TEXT),
    *[("text", f"{kind}-tint", TEXT) for kind in ("good", "due", "wrong")],
    *[("text", f"step-{step}", TEXT) for step in (2, 3, 4)],
    *[(kind, f"{kind}-tint", TEXT) for kind in ("good", "due", "wrong")],
    ("edge", "surface", EDGE),
    ("edge", "page", EDGE),
    ("action", "line", EDGE),
    ("due", "line", EDGE),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours_can_be_told_apart(scheme: str, ink: str, ground: str, least: float) -> None:
    colours = tokens(scheme)

    assert contrast(colours[ink], colours[ground]) >= least


# Field pages load app.css alone; the office's sheet also dresses charts and sheets of stickers.
@pytest.mark.parametrize(("name", "kibibytes"), [("app.css", 12), ("board.css", 14)])
def test_a_style_sheet_stays_small(name: str, kibibytes: int) -> None:
    assert (CSS / name).stat().st_size <= kibibytes * 1024


@pytest.mark.parametrize("name", ["app.css", "board.css"])
def test_a_style_sheet_asks_for_nothing_else(name: str) -> None:
    text = (CSS / name).read_text(encoding="utf-8")

    assert "url(" not in text
    assert "@import" not in text


def tokens(scheme: str) -> dict[str, str]:
    """The colours by name, as #rrggbb; the first :root is the light scheme."""
    roots = re.findall(r":root \{(.*?)\}", (CSS / "app.css").read_text(encoding="utf-8"), re.DOTALL)
    root = roots[["light", "dark"].index(scheme)]
    return {name: full(value) for name, value in re.findall(r"--([\w-]+): (#\w+)", root)}


def full(colour: str) -> str:
    """#rgb as #rrggbb."""
    return colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
