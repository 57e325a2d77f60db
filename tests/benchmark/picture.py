"""The picture for the README: requests and time over the number of linked Opportunities, all axes logarithmic."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from benchmark.clients import CLIENTS
from benchmark.figures import Figures, Kind, PassFigures
from benchmark.table import first_line
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import NullLocator

_COLOURS = {"qbsf": "#0b7a53", "floor": "#5f6b7a", "naive": "#c4501b"}
_INK, _QUIET, _AXIS, _GRID, _PAPER = "#1f2933", "#66727f", "#b6bec7", "#e3e7eb", "#fbfcfd"
_WIDTHS: dict[Kind, float] = {"first": 2.4, "idle": 1.1}
_FORMAT = (9.4, 4.5)
"""Inches, of 72 points or 96 pixels: 902 pixels wide in a README."""
_PLACES = ((0.075, 0.275, 0.265, 0.6), (0.562, 0.275, 0.265, 0.6))
"""Of the two panels: left, bottom, width, height. The rest is for the labels."""
_LABEL_GAP = 13.0
"""Points from one label to the next."""
_COUNTS = {10.0**power: f"{10**power:,}" for power in range(8)}
_SIZES = {1: "1", 10: "10", 100: "100", 1e3: "1k", 1e4: "10k", 1e5: "100k", 1e6: "1M"}
_DURATIONS = {0.1: "0.1 s", 1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36e3: "10 h", 36e4: "100 h"}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "qbsf",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9,
    "text.color": _INK,
    "text.parse_math": False,
}
_FOOT = (
    "Thick: a first pass over so many paid invoices. Thin: an idle pass. Dashed: computed by the number of requests.\n"
    "floor: a bare script with the fewest possible requests, one after the other. "
    "naive: python-quickbooks and simple-salesforce as people write it.\n"
)


@dataclass(frozen=True)
class _Line:
    """One client's passes of one kind, by size."""

    client: str
    kind: Kind
    passes: tuple[PassFigures, ...]


@dataclass(frozen=True)
class _Measure:
    """What a panel shows of each pass."""

    title: str
    of: Callable[[PassFigures], float]
    told: Callable[[float], str]
    ticks: Mapping[float, str]


def draw(figures: Figures, path: Path) -> None:
    """Write the picture as SVG. A world without Opportunities has no place on a logarithmic axis."""
    lines = list(_lines(figures))
    if not lines:
        return
    latency = f"{figures.circumstances.latency * 1000:.0f} ms"
    measures = (
        _Measure("Requests in a pass", lambda one: one.requests.total, lambda value: f"{value:,.0f}", _COUNTS),
        _Measure(f"Time of a pass, at {latency} a request", lambda one: one.seconds, duration, _DURATIONS),
    )
    with mpl.rc_context(_STYLE):
        picture = Figure(figsize=_FORMAT, facecolor="none")
        picture.add_artist(_paper())
        for place, measure in zip(_PLACES, measures, strict=True):
            _panel(picture.add_axes(place), lines, measure)
        foot = _FOOT + first_line(figures.circumstances)
        picture.text(0.02, 0.045, foot, color=_QUIET, fontsize=7.5, linespacing=1.55)
        picture.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def duration(value: float) -> str:
    """Seconds as a person would say them."""
    if value < 120:
        return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.0f} h"


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved apart as little as it takes to leave a gap between neighbours."""
    moved = list(places)
    for _ in range(500):
        for lower in range(len(moved) - 1):
            lack = gap - (moved[lower + 1] - moved[lower])
            if lack > 0:
                moved[lower] -= lack / 2
                moved[lower + 1] += lack / 2
    return moved


def _paper() -> FancyBboxPatch:
    """A light card, so that the picture reads the same on a dark page."""
    shape = "round,pad=0,rounding_size=0.012"
    return FancyBboxPatch((0.002, 0.004), 0.996, 0.992, boxstyle=shape, facecolor=_PAPER, edgecolor=_GRID, zorder=-1)


def _lines(figures: Figures) -> Iterator[_Line]:
    for client in CLIENTS:
        for kind in _WIDTHS:
            found = (figures.find(client, size, kind) for size in figures.sizes if size)
            passes = tuple(one for one in found if one is not None)
            if passes:
                yield _Line(client, kind, passes)


def _panel(axes: Axes, lines: Sequence[_Line], measure: _Measure) -> None:
    axes.set_title(measure.title, loc="left", fontsize=10.5, fontweight="bold", pad=12)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for line in lines:
        _draw_line(axes, line, measure)
    shown = [one for line in lines for one in line.passes]
    sizes, values = [one.size for one in shown], [measure.of(one) for one in shown]
    axes.set_xlim(min(sizes) * 0.8, max(sizes) * 1.05)
    axes.set_ylim(min(values) * 0.6, max(values) * 1.5)
    _furnish(axes, measure)
    _label(axes, lines, measure)


def _draw_line(axes: Axes, line: _Line, measure: _Measure) -> None:
    """Solid as far as it was measured, dashed beyond."""
    measured = [one for one in line.passes if not one.computed]
    beyond = [*measured[-1:], *(one for one in line.passes if one.computed)]
    for passes, style in ((measured, "solid"), (beyond, "dashed")):
        axes.plot(
            [one.size for one in passes],
            [measure.of(one) for one in passes],
            color=_COLOURS[line.client],
            linewidth=_WIDTHS[line.kind],
            linestyle=style,
            marker="o" if style == "solid" else "",
            markersize=1.9 * _WIDTHS[line.kind],
            clip_on=False,
            zorder=4 if line.client == "qbsf" else 3,
        )


def _furnish(axes: Axes, measure: _Measure) -> None:
    axes.set_facecolor("none")
    axes.set_xlabel("linked Opportunities", color=_QUIET, fontsize=8, labelpad=3)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_AXIS)
    axes.grid(visible=True, which="major", axis="y", color=_GRID, linewidth=0.8)
    axes.tick_params(which="both", length=0, labelsize=8, colors=_QUIET)
    for axis, ticks in ((axes.xaxis, _SIZES), (axes.yaxis, measure.ticks)):
        lowest, highest = sorted(axis.get_view_interval())
        within = {at: text for at, text in ticks.items() if lowest <= at <= highest}
        axis.set_ticks(list(within), list(within.values()))
        axis.set_minor_locator(NullLocator())


def _label(axes: Axes, lines: Sequence[_Line], measure: _Measure) -> None:
    """Each line's name and last figure at its end; lines that end with the same figure share a label."""
    ends: dict[tuple[Kind, str], list[_Line]] = {}
    for line in sorted(lines, key=lambda line: measure.of(line.passes[-1])):
        last = line.passes[-1]
        figure = ("~" if last.computed else "") + measure.told(measure.of(last))
        ends.setdefault((line.kind, figure), []).append(line)
    points = axes.figure.dpi / 72
    lasts = [some[0].passes[-1] for some in ends.values()]
    heights = [float(axes.transData.transform((last.size, measure.of(last)))[1]) / points for last in lasts]
    places = zip(ends.items(), lasts, heights, spread(heights, _LABEL_GAP), strict=True)
    for ((kind, figure), some), last, own, place in places:
        clients = [name for name in CLIENTS if name in {line.client for line in some}]
        axes.annotate(
            f"{' and '.join(clients)}, {kind}: {figure}",
            (last.size, measure.of(last)),
            xytext=(10, place - own),
            textcoords="offset points",
            color=_COLOURS[clients[0]],
            fontweight="bold" if (clients[0], kind) == ("qbsf", "first") else "normal",
            va="center",
            annotation_clip=False,
        )
