"""Numbers -> pictures for a page: intervals, spreads and the coverage curve; deterministic, no pyplot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eval.figures import Scores
from eval.svg import ACCENT, INK, LINE, OTHER, SOFT, inline, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 384  # px; a phone shows it whole with letters of nine pixels
_TOP, _RIGHT, _BOTTOM = 8, 14, 36  # px around the axes
_ROW = 19  # px
_LETTER = 5.9  # px, of the widest system font at 11 px
_LONGEST_LABEL = 27  # letters
_BINS = 20
_LOG_FROM = 10  # times the median: from there on one slow question would press all others into one bar


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an interval plot; ``low`` and ``high`` are None where there is no interval."""

    label: str
    value: float
    low: float | None
    high: float | None


def coverage_curve(scores: Mapping[str, Scores]) -> list[tuple[float, float]]:
    """Trace how right the answers are when only the most confident ones are given.

    Args:
        scores: Question id -> column -> value; those with ``confidence`` and ``right`` count.

    Returns:
        Share answered and accuracy of the answered, both in [0, 1], one point a distinct confidence, the highest
        first: a threshold lets all questions of one confidence through or none. Empty when no question counts.
    """
    known = sorted(((confidence, right) for confidence, right, _ in answered(scores)), reverse=True)
    points: list[tuple[float, float]] = []
    given, rights = 0, 0.0
    for _, group in groupby(known, key=lambda pair: pair[0]):
        tied = [right for _, right in group]
        given, rights = given + len(tied), rights + sum(tied)
        points.append((given / len(known), rights / given))
    return points


def answered(scores: Mapping[str, Scores]) -> list[tuple[float, float, bool]]:
    """Return confidence, whether it is right, and whether it was given, of the questions where all is known."""
    return [
        (confidence, right, not row.get("abstained"))
        for row in scores.values()
        if (confidence := row.get("confidence")) is not None and (right := row.get("right")) is not None
    ]


def intervals(
    name: str, rows: Sequence[Row], *, about: str, span: tuple[float, float] | None = None, mark: float | None = None
) -> str:
    """Draw values with their intervals, the first row on top.

    Args:
        name: Of the picture, distinct within the page.
        rows: At least one.
        about: What the axis shows.
        span: Of the axis; around 0, as wide as it takes, when None.
        mark: Where a vertical line stands to hold the rows against.

    Returns:
        An ``svg`` element.
    """
    labels = [_short(row.label) for row in rows]
    left = min(_LONGEST_LABEL, max(len(label) for label in labels)) * _LETTER + 14
    figure, axes = _canvas(left, _ROW * len(rows) + _TOP + _BOTTOM)
    low, high = span or _around_zero(rows)
    room = (high - low) * 0.015  # so that a line along the edge is not cut in half
    axes.set(xlim=(low - room, high + room), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlabel(about, loc="right")  # there is room for it to the left, under the labels
    if mark is not None:
        axes.axvline(mark, color=SOFT, linewidth=1, linestyle=(0, (3, 2)))
    for place, row in enumerate(rows):
        if row.low is not None and row.high is not None:
            axes.hlines(place, row.low, row.high, colors=ACCENT, linewidth=2)
    axes.plot([row.value for row in rows], range(len(rows)), "o", color=ACCENT, markersize=5.5, clip_on=False)
    places = [f"label-{place}" for place in range(len(rows))]
    axes.set_yticks(range(len(rows)), places, parse_math=False)
    _dressed(axes, grid="x")
    axes.tick_params(axis="y", labelcolor=INK)
    said = f"{about}, {len(rows)} intervals; the numbers stand in the table"
    return inline(figure, name, said, dict(zip(places, labels, strict=True)))


def curve(name: str, points: Sequence[tuple[float, float]], *, now: tuple[float, float] | None, about: str) -> str:
    """Draw accuracy against the share answered, and where the system stands on it.

    Args:
        name: Of the picture, distinct within the page.
        points: Coverage and accuracy, both in [0, 1], in the order of coverage.
        now: Where the threshold has put the system; None when nothing is answered.
        about: What the picture shows.

    Returns:
        An ``svg`` element.
    """
    figure, axes = _canvas(44, 230)
    axes.set(xlim=(0, 1.015), ylim=(0, 1.03), xlabel="share of questions answered", ylabel="accuracy of the answered")
    axes.plot(*zip(*points, strict=True), color=ACCENT, linewidth=2)
    if now is not None:
        axes.vlines(now[0], 0, now[1], colors=OTHER, linewidth=1.5, linestyles=(0, (3, 2)))
        axes.plot(*now, "o", color=OTHER, markersize=8, clip_on=False)
        late = now[0] > 0.6
        axes.annotate("as set now", (now[0], 0.05), (-5 if late else 5, 0), textcoords="offset points", ha=_side(late))
    _dressed(axes, grid="both")
    return inline(figure, name, about)


def histogram(
    name: str,
    values: Sequence[float],
    *,
    unit: str,
    about: str,
    span: tuple[float, float] | None = None,
    marks: Mapping[str, float] | None = None,
) -> str:
    """Draw how values are spread.

    Args:
        name: Of the picture, distinct within the page.
        values: At least one.
        unit: What the axis shows.
        about: What the picture shows.
        span: Of the axis; where None, from 0 to the largest value, or logarithmic when some are far above the median.
        marks: Label -> value, drawn as vertical lines; the labels stand above them.

    Returns:
        An ``svg`` element.
    """
    marks = marks or {}
    figure, axes = _canvas(44, 170 + 13 * len(marks))
    logarithmic = span is None and min(values) > 0 and max(values) > _LOG_FROM * float(np.median(values))
    edges = _edges(values, span, logarithmic=logarithmic)
    if logarithmic:
        axes.set_xscale("log")
    counts, _ = np.histogram(values, edges)
    top = max(1, int(counts.max()))
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=ACCENT, edgecolor="none", alpha=0.8)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, top * (1.05 + 0.12 * len(marks))), xlabel=unit, ylabel="questions")
    for place, (label, value) in enumerate(marks.items()):
        height = top * (1.05 + 0.12 * (len(marks) - place - 1))
        late = value > edges[0] + (edges[-1] - edges[0]) * 0.6 and not logarithmic
        axes.vlines(value, 0, height + top * 0.08, colors=OTHER, linewidth=1.5)
        axes.annotate(label, (value, height), (-4 if late else 4, 0), textcoords="offset points", ha=_side(late))
    _dressed(axes, grid="y")
    _whole_numbers(axes)
    if logarithmic:
        _plain_logarithms(axes)
    return inline(figure, name, about)


def mirrored(name: str, above: Sequence[float], below: Sequence[float], *, sides: tuple[str, str], about: str) -> str:
    """Draw two spreads over [0, 1], one upwards and one downwards.

    Args:
        name: Of the picture, distinct within the page.
        above: Values drawn upwards.
        below: Values drawn downwards.
        sides: What the two are.
        about: What the axis shows.

    Returns:
        An ``svg`` element.
    """
    figure, axes = _canvas(44, 210)
    edges = np.linspace(0, 1, _BINS + 1)
    up, down = (np.histogram(values, edges)[0] for values in (above, below))
    top, bottom = max(1, int(up.max())), max(1, int(down.max()))
    axes.bar(edges[:-1], up, 1 / _BINS, align="edge", color=ACCENT)
    axes.bar(edges[:-1], -down, 1 / _BINS, align="edge", color=OTHER)
    axes.axhline(0, color=SOFT, linewidth=1)
    axes.set(xlim=(0, 1), ylim=(-bottom - top * 0.25, top * 1.3), xlabel=about, ylabel="questions")
    axes.text(0.02, top * 1.26, sides[0], va="top", color=INK, fontsize=11)
    axes.text(0.02, -bottom - top * 0.2, sides[1], va="bottom", color=INK, fontsize=11)
    _dressed(axes, grid=None)
    _whole_numbers(axes)
    return inline(figure, name, f"{about}: {sides[0]} above, {sides[1]} below the line")


def _canvas(left: float, height: float) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH / 72, height / 72))
    inner = (_WIDTH - left - _RIGHT) / _WIDTH, (height - _TOP - _BOTTOM) / height
    return figure, figure.add_axes((left / _WIDTH, _BOTTOM / height, *inner))


def _side(late: bool) -> Literal["left", "right"]:
    return "right" if late else "left"


def _dressed(axes: "Axes", *, grid: Literal["both", "x", "y"] | None) -> None:
    for side, spine in axes.spines.items():
        spine.set(visible=side == "bottom", color=LINE)
    if grid:
        axes.grid(visible=True, axis=grid, color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=11, labelcolor=SOFT, which="both")
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=SOFT, fontsize=11)
    for text in axes.texts:
        text.set(fontsize=11, color=INK)


def _whole_numbers(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{abs(count):.0f}"))


def _plain_logarithms(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def _edges(values: Sequence[float], span: tuple[float, float] | None, *, logarithmic: bool) -> Any:
    if logarithmic:
        return np.geomspace(min(values) * 0.99, max(values) * 1.01, _BINS + 1)
    low, high = span or (0.0, max(values) * 1.01 or 1.0)
    return np.linspace(low, high, _BINS + 1)


def _around_zero(rows: Sequence[Row]) -> tuple[float, float]:
    ends = [abs(end) for row in rows for end in (row.value, row.low, row.high) if end is not None]
    widest = max(ends) * 1.05 or 0.01
    return -widest, widest


def _short(label: str) -> str:
    plain = printable(label)
    return plain if len(plain) <= _LONGEST_LABEL else plain[: _LONGEST_LABEL - 1] + "…"
