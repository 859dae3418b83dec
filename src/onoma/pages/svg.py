"""A figure as SVG that takes its colours from the page around it.

The figure is drawn in colours that stand for names; here they become CSS variables. Text stays text: it is
set in the page's font, can be searched and read aloud, and no font decides about the layout.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping
from functools import cache
from math import cos, radians, sin
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, fromstring, tostring

from onoma.pages.measure import text_width
from onoma.pages.theme import LIGHT, WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SENTINELS", "rendered"]

SENTINELS = {name: f"#fe01{place:02x}" for place, name in enumerate(LIGHT)}
_NAMES = {colour: name for name, colour in SENTINELS.items()}

_COLOUR = re.compile(r"#fe01[0-9a-f]{2}")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]+)')
_POINTER = re.compile(r"(?<=#)[\w-]+")
_SHARE = {"left": 0.0, "center": 0.5, "right": 1.0}
_ANCHOR = {"left": "start", "center": "middle", "right": "end"}
_SMALLEST, _LARGEST = 0.75, 1.25  # how far a chart may shrink or grow from its natural size
_SMALLEST_WIDE = 0.9  # a chart that is wider than a phone anyway scrolls rather than shrinks


def rendered(figure: Figure, title: str, description: str, tips: Mapping[str, str]) -> str:
    """The SVG element of ``figure``; ``tips`` are texts for elements by their id."""
    text = _drawn(figure)
    names, drawn = _own_names(text), fromstring(text)
    root = _frame(drawn.get("viewBox", ""), title, description)
    root.extend(child for child in drawn if not _is_about_the_file(child))
    for element in root.iter():
        if (words := tips.get(element.get("id", ""))) is not None:
            element.insert(0, _element("title", words))
        _make_plain(element, names)
    return tostring(root, encoding="unicode")


def _drawn(figure: Figure) -> str:
    """What matplotlib draws, as SVG with every text as text."""
    width, height = (72 * side for side in figure.get_size_inches())
    with io.StringIO() as file:
        renderer = _renderer()(width, height, file, image_dpi=72, metadata={"Date": None})
        figure.draw(renderer)
        renderer.finalize()
        return file.getvalue()


@cache
def _renderer() -> type[Any]:
    """matplotlib's drawer of SVG, told to write text as text and to measure it without fonts.

    Its own setting for text is one for the whole process, which a library has no business to change.
    """
    from matplotlib.backends.backend_svg import RendererSVG

    class Renderer(RendererSVG):
        writer: Any

        def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
            size = prop.get_size_in_points()
            return text_width(s, size), 0.95 * size, 0.22 * size

        def draw_text(
            self,
            gc: Any,
            x: Any,
            y: Any,
            s: str,
            prop: Any,
            angle: Any,
            ismath: Any = False,
            mtext: Any = None,
        ) -> None:
            size, side = prop.get_size_in_points(), mtext.get_horizontalalignment() if mtext else "left"
            along, turn = _SHARE[side] * text_width(s, size), radians(angle)
            x, y = x + along * cos(turn), y - along * sin(turn)
            look = {"x": f"{x:.2f}", "y": f"{y:.2f}", "font-size": f"{size:g}", "text-anchor": _ANCHOR[side]}
            if prop.get_weight() == "bold":
                look["font-weight"] = "600"
            if angle:
                look["transform"] = f"rotate({-angle:g} {x:.2f} {y:.2f})"
            self.writer.element("text", s, attrib=look | {"fill": _hex(gc.get_rgb())})

    return Renderer


def _hex(colour: tuple[float, ...]) -> str:
    return "#" + bytes(round(255 * part) for part in colour[:3]).hex()


def _is_about_the_file(element: Element) -> bool:
    """Whether this is matplotlib's metadata, or its style, which would hold for the whole page."""
    return element.tag.endswith("metadata") or any(child.tag.endswith("style") for child in element)


def _frame(box: str, title: str, description: str) -> Element:
    _, _, width, height = map(float, box.split())
    least = width * (_SMALLEST if width <= WIDTH else _SMALLEST_WIDE)
    root = Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width:g} {height:g}", "role": "img",
        "style": f"width:100%;min-width:{least:.0f}px;max-width:{_LARGEST * width:.0f}px;"
        "direction:ltr;font-family:inherit;stroke-linejoin:round;overflow:visible",
    })  # fmt: skip
    root.extend([_element("title", title), _element("desc", description)])
    return root


def _element(name: str, words: str) -> Element:
    made = Element(name)
    made.text = words
    return made


def _own_names(drawn: str) -> dict[str, str]:
    """For each id that something refers to one that no other chart of a page has.

    Those of matplotlib are random, or clash; these are made from everything else that is drawn.
    """
    used = list(dict.fromkeys(_REFERENCE.findall(drawn)))
    rest = re.sub("|".join(map(re.escape, used)) or "(?!)", "", drawn)
    mark = hashlib.sha256(rest.encode()).hexdigest()[:8]
    return {name: f"c{mark}-{place}" for place, name in enumerate(used)}


def _make_plain(element: Element, names: Mapping[str, str]) -> None:
    """No namespaces, no white space, short numbers, only ids that are needed, names of colours as colours."""
    element.tag, element.tail = element.tag.rpartition("}")[2], None
    if len(element):
        element.text = None
    given = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    element.attrib.clear()
    if (own := names.get(given.pop("id", ""))) is not None:
        element.set("id", own)
    if "fill" in given:  # a variable is sure to be understood in a style only
        given["style"] = f"fill: {given.pop('fill')}; {given.get('style', '')}"
    for name, value in given.items():
        short = _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", " ".join(value.split()))
        coloured = _COLOUR.sub(lambda found: f"var(--{_NAMES[found[0]]})", short)
        element.set(name, _POINTER.sub(lambda found: names.get(found[0], found[0]), coloured))
