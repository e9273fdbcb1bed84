"""Charts: every figure stands in the picture, to scale, without style or script."""

from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from market.documents.charts import TrendPoint, trend_line
from market.domain.shares import Share

SVG = "{http://www.w3.org/2000/svg}"
MONTHS = [f"{month}/2026" for month in range(1, 13)]


def parsed(chart: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(chart)


def of_class(chart: Markup, name: str) -> Iterator[ElementTree.Element]:
    return (one for one in parsed(chart).iter() if one.get("class") == name)


def trend(*shares: Share, target: Decimal | None = None) -> Markup:
    points = [TrendPoint(MONTHS[at], share, target) for at, share in enumerate(shares)]
    return trend_line(points, title="Tỷ lệ hộ chấp nhận")


def number(text: str | None) -> Decimal:
    assert text is not None
    return Decimal(text.removesuffix("%"))


ALL_CHARTS = [
    trend(Share(1, 2), Share(0, 0), Share(3, 4), target=Decimal(90)),
    trend(),
]


@pytest.mark.parametrize("chart", ALL_CHARTS)
def test_a_chart_needs_neither_style_nor_script(chart: Markup) -> None:
    for one in parsed(chart).iter():
        assert one.tag not in (f"{SVG}style", f"{SVG}script")
        assert "style" not in one.attrib
        assert not any(name.startswith("on") for name in one.attrib)
        for paint in ("fill", "stroke"):
            assert one.get(paint) in (None, "none", "currentColor")


@pytest.mark.parametrize("chart", ALL_CHARTS)
def test_a_chart_says_what_it_shows(chart: Markup) -> None:
    assert parsed(chart).get("role") == "img"
    assert parsed(chart).get("aria-label") in ("Tỷ lệ hộ chấp nhận", "Hộ chấp nhận", "Phễu")


def test_every_month_carries_the_figures_of_the_table() -> None:
    chart = trend(Share(412, 486), Share(0, 0), target=Decimal("90.5"))

    assert [dict(one.attrib) for one in of_class(chart, "chart-dot")] == [
        {
            "class": "chart-dot",
            "data-label": "1/2026",
            "data-numerator": "412",
            "data-denominator": "486",
            "data-percent": "84.77",
            "data-target": "90.5",
        },
        {
            "class": "chart-dot",
            "data-label": "2/2026",
            "data-numerator": "0",
            "data-denominator": "0",
            "data-percent": "",
            "data-target": "90.5",
        },
    ]


def test_a_dot_can_be_read_by_pointing_at_it() -> None:
    titles = [one.text for one in parsed(trend(Share(1200, 1600))).iter(f"{SVG}title")]

    assert titles == ["1/2026: 75,0 % (1.200/1.600)"]


def test_the_axis_runs_from_0_to_100_and_is_to_scale() -> None:
    chart = trend(Share(0, 4), Share(1, 4), Share(2, 4), Share(4, 4))

    heights = [number(one.get("cy")) for one in parsed(chart).iter(f"{SVG}circle")]
    grid = [number(one.get("y1")) for one in of_class(chart, "chart-grid")]
    assert heights == [grid[0], grid[1], grid[2], grid[4]]
    assert grid[0] - grid[1] == grid[1] - grid[2] == grid[3] - grid[4] > 0


def test_line_and_dots_share_their_places() -> None:
    chart = trend(Share(1, 4), Share(1, 3), Share(3, 4))

    dots = [
        (number(one.get("cx")), number(one.get("cy"))) for one in parsed(chart).iter(f"{SVG}circle")
    ]
    (line,) = of_class(chart, "chart-line")
    corners = [tuple(map(Decimal, pair.split(","))) for pair in (line.get("points") or "").split()]
    assert corners == dots


def test_months_stand_at_equal_distances() -> None:
    circles = list(parsed(trend(*[Share(1, 2)] * 5)).iter(f"{SVG}circle"))

    assert [float(number(one.get("cx"))) for one in circles] == [12, 33.5, 55, 76.5, 98]


def test_a_month_without_share_breaks_the_line() -> None:
    chart = trend(*[Share(1, 2)] * 2, Share(0, 0), *[Share(1, 2)] * 3)

    lengths = [len((one.get("points") or "").split()) for one in of_class(chart, "chart-line")]
    assert lengths == [2, 3]
    assert len(list(parsed(chart).iter(f"{SVG}circle"))) == 5


def test_without_a_target_there_is_no_target_line() -> None:
    assert list(of_class(trend(Share(1, 2), Share(1, 2)), "chart-target")) == []
    assert list(of_class(trend(Share(1, 2), Share(1, 2), target=Decimal(9)), "chart-target"))


@pytest.mark.parametrize("count", [1, 2, 5, 7, 12])
def test_some_months_are_named_and_the_last_always(count: int) -> None:
    chart = trend(*[Share(1, 2)] * count)

    names = [one.text for one in of_class(chart, "chart-label") if "/" in (one.text or "")]
    assert names[-1] == MONTHS[count - 1]
    assert 1 <= len(names) <= 5


def test_the_outer_months_do_not_leave_the_picture() -> None:
    chart = trend(*[Share(1, 2)] * 5)

    anchors = [
        one.get("text-anchor") for one in of_class(chart, "chart-label") if "/" in (one.text or "")
    ]
    assert anchors == ["start", "middle", "end"]


def test_the_newest_share_is_written_out() -> None:
    chart = trend(Share(1, 2), Share(412, 486), Share(0, 0))

    assert [one.text for one in of_class(chart, "chart-value")] == ["84,8 %"]


@pytest.mark.parametrize(("target", "higher"), [("60", "60"), ("50", "50"), ("90", "50")])
def test_the_newest_share_stands_clear_of_a_target_line_close_above(
    target: str, higher: str
) -> None:
    chart = trend(Share(1, 2), target=Decimal(target))

    (value,) = of_class(chart, "chart-value")
    zero, quarter, *_ = (number(one.get("y1")) for one in of_class(chart, "chart-grid"))
    height = zero - (zero - quarter) * Decimal(higher) / 25
    assert number(value.get("y")) == height - 3


def test_markup_in_a_name_stays_text() -> None:
    hostile = '"><script>alert(1)</script>'

    chart = trend_line([TrendPoint(hostile, Share(1, 2))], title=hostile)

    assert parsed(chart).get("aria-label") == hostile
    assert list(parsed(chart).iter(f"{SVG}script")) == []
