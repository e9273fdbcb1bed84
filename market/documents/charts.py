"""Shares over months to SVG, for pages that draw without script.

Every mark carries its figures as data attributes, the same that the page's table shows.
Looks come from classes alone (chart-grid, chart-label, chart-line, chart-dot, chart-value,
chart-target); without a style sheet the marks take the colour of the text around them, in
light and dark alike. Widths are percentages, so letters keep their size on a narrow screen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from markupsafe import Markup

from market.domain.shares import FILE_PLACES, Share, format_int_vi, format_percent_vi

TREND_HEIGHT = 240

_MONTH_LABELS = 4
_GRID = (0, 25, 50, 75, 100)
# The plot inside the picture, in per cent of its width and height. Left of it the words of
# the axis have room on a phone, too, where a share that starts low would run through them.
_LEFT, _RIGHT = Decimal(12), Decimal(98)
_TOP, _BOTTOM = Decimal(10), Decimal(88)
_LABEL_BASE = Decimal(98)
_LABEL_GAP = Decimal(3)
_LABEL_POINTS = 15


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The share at the end of a month, and the target of that day in per cent."""

    label: str
    share: Share
    target: Decimal | None = None


def trend_line(points: Sequence[TrendPoint], *, title: str) -> Markup:
    """Draw shares over months on an axis from 0 to 100 %; a month without share is a gap."""
    places = [_across(at, len(points)) for at in range(len(points))]
    shares = [point.share.percent(FILE_PLACES) for point in points]
    targets = [point.target for point in points]
    marks = [
        *(_grid_line(percent) for percent in _GRID),
        _lines(places, targets, Markup('class="chart-target" stroke-dasharray="6 4"')),
        _lines(places, shares, Markup('class="chart-line" stroke-width="2"')),
        *map(_dot, places, points),
        *_month_labels(places, points),
        _last_value(places, points),
    ]
    return _picture("chart trend", TREND_HEIGHT, title, marks)


def _picture(classes: str, height: int, title: str, marks: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="{}" width="100%" height="{}" role="img"'
        ' aria-label="{}">{}</svg>'
    ).format(classes, height, title, Markup("").join(marks))


def _figures(share: Share) -> Markup:
    percent = share.percent(FILE_PLACES)
    return Markup('data-numerator="{}" data-denominator="{}" data-percent="{}"').format(
        share.numerator, share.denominator, "" if percent is None else percent
    )


def _counts(share: Share) -> str:
    return f"{format_int_vi(share.numerator)}/{format_int_vi(share.denominator)}"


def _across(at: int, count: int) -> Decimal:
    if count == 1:
        return (_LEFT + _RIGHT) / 2
    return round(_LEFT + (_RIGHT - _LEFT) * at / (count - 1), FILE_PLACES)


def _down(percent: Decimal) -> Decimal:
    return round(_BOTTOM - (_BOTTOM - _TOP) * percent / 100, FILE_PLACES)


def _grid_line(percent: int) -> Markup:
    return Markup(
        '<line class="chart-grid" x1="0" x2="100%" y1="{y}%" y2="{y}%" stroke="currentColor"'
        ' stroke-opacity="0.2"/>'
        '<text class="chart-label" x="0" y="{base}%" fill="currentColor">{label} %</text>'
    ).format(y=_down(Decimal(percent)), base=_down(Decimal(percent)) - 1, label=percent)


def _lines(
    places: Sequence[Decimal], percents: Sequence[Decimal | None], attributes: Markup
) -> Markup:
    """Draw one line for each run of months that have a value."""
    runs: list[list[str]] = [[]]
    for x, percent in zip(places, percents, strict=True):
        if percent is None:
            runs.append([])
        else:
            runs[-1].append(f"{x},{_down(percent)}")
    drawn = [
        Markup(
            '<polyline {} points="{}" fill="none" stroke="currentColor"'
            ' vector-effect="non-scaling-stroke"/>'
        ).format(attributes, " ".join(run))
        for run in runs
        if len(run) > 1
    ]
    # Points of a line cannot be percentages: a stretched picture inside makes them so.
    return Markup(
        '<svg width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none">{}</svg>'
    ).format(Markup("").join(drawn))


def _dot(x: Decimal, point: TrendPoint) -> Markup:
    percent = point.share.percent(FILE_PLACES)
    target = "" if point.target is None else point.target
    circle = ""
    if percent is not None:
        words = f"{point.label}: {format_percent_vi(point.share.percent())} "
        circle = Markup('<circle cx="{}%" cy="{}%" r="4" fill="currentColor"/>{}').format(
            x,
            _down(percent),
            Markup("<title>{}</title>").format(f"{words}({_counts(point.share)})"),
        )
    return Markup('<g class="chart-dot" data-label="{}" {} data-target="{}">{}</g>').format(
        point.label, _figures(point.share), target, circle
    )


def _month_labels(places: Sequence[Decimal], points: Sequence[TrendPoint]) -> list[Markup]:
    """Name some months, the last always: all of them would run into one another."""
    last = len(points) - 1
    step = max(1, ceil(last / (_MONTH_LABELS - 1)))
    return [
        Markup(
            '<text class="chart-label" x="{}%" y="{}%" text-anchor="{}" fill="currentColor">'
            "{}</text>"
        ).format(places[at], _LABEL_BASE, _anchor(places[at]), points[at].label)
        for at in range(last % step, last + 1, step)
    ]


def _anchor(x: Decimal) -> str:
    if x == _LEFT:
        return "start"
    return "end" if x == _RIGHT else "middle"


def _last_value(places: Sequence[Decimal], points: Sequence[TrendPoint]) -> Markup:
    """Write the newest share above its dot, and above a target line close over it."""
    for x, point in zip(reversed(places), reversed(points), strict=True):
        percent = point.share.percent(FILE_PLACES)
        if percent is not None:
            under = percent
            if point.target is not None and percent < point.target < percent + _LABEL_POINTS:
                under = point.target
            return Markup(
                '<text class="chart-value" x="{}%" y="{}%" text-anchor="{}" fill="currentColor">'
                "{}</text>"
            ).format(
                x, _down(under) - _LABEL_GAP, _anchor(x), format_percent_vi(point.share.percent())
            )
    return Markup("")
