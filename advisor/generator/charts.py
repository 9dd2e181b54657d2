"""The report's charts: SVG that pygal draws here, so that the page needs no script to show them (docs/adr/0006).

pygal's own style sheet, script, date and invisible notes are taken off: colours come from the page's style sheet, and what a
mark stands for is its <title>, which browsers show on hover and screen readers read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

import pygal
from markupsafe import Markup
from pygal.style import Style

from advisor.quoting import comment

# pygal leaves a finder of map plugins behind that is no more than a warning of Python's at each later import.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

WIDTH = 720
LABEL_LENGTH = 34
_SERIES = 32
_SHORT_SIDE, _LETTER = 16.0, 7.6  # of a rectangle that has room for its label, in the drawing's units
_DIGITS = re.compile(r"-?\d+\.\d{2,}")

# Only what decides the layout: the colours are the page's, in templates/report/style.css.
_STYLE = Style(
    colors=("gray",) * _SERIES,
    value_colors=("gray",) * _SERIES,
    font_family="sans-serif",
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=12,
    value_font_size=12,
)

Printed = Callable[[float], str]


def lines(
    name: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], printed: Printed
) -> Markup:
    """One line per series over labels that follow each other; None leaves a gap. `name` says what is seen."""
    chart = pygal.Line(
        **_config(240, printed),
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        dots_size=2.5,
        allow_interruptions=True,
        show_x_guides=False,
        x_labels_major_every=max(1, len(labels) // 6),
        show_minor_x_labels=False,
        range=(0, max((value for _, values in series for value in values if value is not None), default=1) or 1),
    )
    chart.x_labels = list(labels)
    for title, values in series:
        chart.add(title, list(values))
    return _drawn(chart, name)


def curve(name: str, points: Sequence[tuple[float, float]], across: Printed, printed: Printed) -> Markup:
    """One filled line through points, drawn from the axes' origin."""
    chart = pygal.XY(**_config(240, printed), show_legend=False, fill=True, dots_size=2.5)
    chart.x_value_formatter = across
    chart.include_x_axis = True
    chart.add(name, list(points))
    return _drawn(chart, name)


def bars(
    name: str, rows: Sequence[tuple[str, float | None]], printed: Printed, marks: Sequence[float] | None = None
) -> Markup:
    """One bar per row, the first on top; a row whose figure is unknown has none. `marks` are the figures that the axis names."""
    chart = pygal.HorizontalBar(**_config(40 + 26 * len(rows), printed), show_legend=False)
    chart.x_labels = [_short(label) for label, _ in reversed(rows)]
    chart.y_labels = marks
    chart.add(name, [value for _, value in reversed(rows)])
    return _drawn(chart, name)


def treemap(name: str, areas: Sequence[tuple[str, str, float, int | None]]) -> Markup:
    """One rectangle per area: its label, what is said of it, its size, and its shade from 0 (nothing) to 4; None: unknown."""
    chart = pygal.Treemap(**_config(320, lambda value: f"{value:,.0f}"), show_legend=False)
    for label, _, value, _ in areas:
        chart.add(label, [value])
    root = _cleaned(chart.render_tree(), name)
    groups = [
        node
        for node in root.iter("g")
        if "series" in node.get("class", "").split() and node.find(".//rect") is not None
    ]
    for group, (label, said, _, shade) in zip(groups, areas, strict=True):
        _shaded(group, label, said, shade)
    return _text(root)


def _shaded(group: ElementTree.Element, label: str, said: str, shade: int | None) -> None:
    rect = group.find(".//rect")
    assert rect is not None
    rect.set("class", "area unknown" if shade is None else f"area shade-{shade}")
    for title in [*rect]:
        rect.remove(title)
    ElementTree.SubElement(rect, "title").text = said
    x, y, width, height = (float(rect.get(side, "0")) for side in ("x", "y", "width", "height"))
    room = int((width - 8) / _LETTER)
    if height < _SHORT_SIDE or room < 4:
        return
    shown = comment(label) if len(comment(label)) <= room else comment(label)[: room - 1] + "…"
    place = {"x": f"{x + width / 2:.1f}", "y": f"{y + height / 2 + 4:.1f}"}
    text = ElementTree.SubElement(group, "text", {**place, "class": rect.get("class", "")})
    text.text = shown


def _config(height: int, printed: Printed) -> dict[str, Any]:
    return {
        "width": WIDTH,
        "height": height,
        "style": _STYLE,
        "js": [],
        "no_prefix": True,
        "explicit_size": False,
        "disable_xml_declaration": True,
        "margin": 4,
        "margin_right": 24,  # half of the last label stands out there
        "truncate_label": -1,
        "truncate_legend": -1,
        "value_formatter": printed,
        "max_scale": 6,
    }


def _short(label: str) -> str:
    shown = comment(label)
    return shown if len(shown) <= LABEL_LENGTH else shown[: LABEL_LENGTH - 1] + "…"


def _drawn(chart: Any, name: str) -> Markup:
    return _text(_cleaned(chart.render_tree(), name))


def _text(root: ElementTree.Element) -> Markup:
    """The drawing as it stands in the page, with what doesn't show in its texts made visible."""
    for node in root.iter():
        node.text = comment(node.text) if node.text else None
        node.attrib = {key: comment(value) for key, value in node.items()}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _cleaned(root: ElementTree.Element, name: str) -> ElementTree.Element:
    """The drawing alone, named for a screen reader."""
    for parent in [*root.iter()]:
        for child in [*parent]:
            if not isinstance(child.tag, str) or child.tag in ("defs", "script", "style", "title"):
                parent.remove(child)
            elif child.tag == "desc" and child.get("class") == "value":
                child.tag = "title"
                child.attrib.clear()
            elif child.tag == "desc" or "tooltip" in child.get("class", "").split():
                parent.remove(child)
    for node in root.iter():
        node.attrib = {
            key: _DIGITS.sub(lambda found: f"{float(found[0]):.1f}", value) for key, value in node.items() if value
        }
    root.attrib = {"viewBox": root.get("viewBox", ""), "class": "chart", "role": "img", "aria-label": name}
    return root
