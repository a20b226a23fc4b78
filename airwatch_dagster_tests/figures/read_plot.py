"""A plot read back from its SVG: its words by class, and its marks as values of the axes' ticks."""

from xml.etree.ElementTree import Element, fromstring

from airwatch_dagster.figures.drawing.shapes import text_width

SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]


class Plot:
    """The elements of an SVG by class."""

    def __init__(self, svg: bytes) -> None:
        self.root = fromstring(svg)
        self.width, self.height = (float(self.root.attrib[name].removesuffix("pt")) for name in ("width", "height"))
        self.axes = [Axes(group) for group in self.root.iter(f"{SVG}g") if group.get("class") == "axes"]

    def words(self, kind: str | None = None) -> list[str]:
        """Every text, or every text of a class."""
        return [found.text or "" for found in self.root.iter(f"{SVG}text") if kind in (None, found.get("class"))]

    def keys(self) -> list[str]:
        """The labels of the legends."""
        return [label.text or "" for label in self.root.iterfind(f".//{SVG}g[@class='key']/{SVG}text")]

    def outside(self) -> list[str]:
        """Texts that an edge cuts off."""
        return [
            found.text or ""
            for found in self.root.iter(f"{SVG}text")
            for left, right in [_ends(found, self.height)]
            if left < 0 or right > (self.height if "transform" in found.attrib else self.width)
        ]


class Axes:
    """The marks of one pair of axes with numbers along them."""

    def __init__(self, group: Element) -> None:
        self.group = group

    def labels(self, side: str) -> list[str]:
        """What the ticks of ``x`` or ``y`` say."""
        return [tick.text or "" for tick in self.ticks(side)]

    def label(self, side: str) -> str:
        """What ``x`` or ``y`` is."""
        return self.group.findtext(f"{SVG}g[@class='{side}-axis']/{SVG}text[@class='label']") or ""

    def bold(self) -> list[str]:
        """Tick labels of y in bold."""
        return [tick.text or "" for tick in self.ticks("y") if tick.get("font-weight") == "bold"]

    def words(self, kind: str) -> list[str]:
        """Texts of a class."""
        return [found.text or "" for found in self.group.iterfind(f"{SVG}text[@class='{kind}']")]

    def found(self, kind: str) -> list[Element]:
        """Shapes of a class."""
        return [shape for shape in self.group if shape.get("class") == kind and shape.tag != f"{SVG}text"]

    def x(self, place: float) -> float:
        """The value at a place, of an axis in proportion."""
        first, last = self.ticks("x")[0], self.ticks("x")[-1]
        begin, end, low, high = float(first.attrib["x"]), float(last.attrib["x"]), _number(first), _number(last)
        return round(low + (place - begin) / (end - begin) * (high - low), 2)

    def lines(self, kind: str) -> list[list[float]]:
        """Values of x along each line of a class."""
        points = [line.attrib["points"].split() for line in self.found(kind)]
        return [[self.x(float(point.split(",")[0])) for point in line] for line in points]

    def dots(self, kind: str) -> list[float]:
        """Values of x of the dots of a class."""
        return [self.x(float(dot.attrib["cx"])) for dot in self.found(kind)]

    def ticks(self, side: str) -> list[Element]:
        """Tick labels of ``x`` or ``y``."""
        return self.group.findall(f"{SVG}g[@class='{side}-axis']/{SVG}text[@class='tick']")


def _number(tick: Element) -> float:
    return float((tick.text or "").replace("−", "-"))


def _ends(text: Element, height: float) -> Point:
    """Where the text begins and ends, from the left, or for upright text from the bottom."""
    width = text_width(text.text or "", float(text.attrib["font-size"]), is_bold="font-weight" in text.attrib)
    begin = height - float(text.attrib["y"]) if "transform" in text.attrib else float(text.attrib["x"])
    begin -= {"start": 0.0, "middle": width / 2, "end": width}[text.attrib["text-anchor"]]
    return begin, begin + width
