"""The data of a matplotlib figure as the code interpreter's `chart`: what kind it is, its axes, and its points.

Matplotlib keeps artists, not data: a box plot is lines and patches, a bar a rectangle. What is drawn is read back from
them, in the numbers of the axes, which a date or a category is turned into text from.
"""
import math

MAX_POINTS = 100_000  # of a figure; one with more has its picture alone
SCALES = ("linear", "log", "symlog", "logit", "function", "functionlog", "asinh")


class TooMuch(Exception):
    pass


def chart_of(figure):
    """None for a figure without axes, one too large to be sent, or one that cannot be read."""
    try:
        axes = [each for each in figure.axes if each.get_label() != "<colorbar>"]
        charts = [Reader(each).chart() for each in axes]
        if sum(len(part.get("points", ())) for each in charts for part in each["elements"]) > MAX_POINTS:
            return None
        if len(charts) < 2:
            return charts[0] if charts else None
        title = figure._suptitle.get_text() if figure._suptitle else None
        return {"type": "superchart", "title": title or None, "elements": charts}
    except Exception:
        return None


def number(value):
    value = float(value)
    return value if math.isfinite(value) else None


class Scale:
    """One axis: how its numbers read."""

    def __init__(self, axis, frequency):
        self.axis, self.frequency = axis, frequency
        converter = axis.get_converter() if hasattr(axis, "get_converter") else axis.converter
        kind = type(converter).__name__
        self.categories = {}
        if "Category" in kind:
            self.name = "categorical"
            self.categories = {place: str(name) for name, place in getattr(axis.units, "_mapping", {}).items()}
        elif "Date" in kind or "Period" in kind or "Time" in kind:
            self.name = "datetime"
        else:
            self.name = axis.get_scale() if axis.get_scale() in SCALES else "unknown"
        self.is_period = "Period" in kind

    def value(self, place):
        if self.name == "categorical":
            return self.categories.get(place, number(place))
        if self.name != "datetime" or number(place) is None:
            return number(place)
        if self.is_period:
            import pandas
            return pandas.Period(ordinal=int(place), freq=self.frequency).to_timestamp().isoformat()
        from matplotlib.dates import num2date
        return num2date(place).replace(tzinfo=None).isoformat()

    def ticks(self):
        return [self.value(place) if self.name == "datetime" else number(place) for place in self.axis.get_majorticklocs()]

    def tick_labels(self):
        return [str(text) for text in self.axis.get_major_formatter().format_ticks(self.axis.get_majorticklocs())]

    def label_at(self, place):
        """What stands below a bar or a box: its tick's label, else its number."""
        if type(self.axis.get_major_locator()).__name__ in ("FixedLocator", "StrCategoryLocator"):
            labels = zip(self.axis.get_majorticklocs(), self.tick_labels())
            distance, label = min(((abs(tick - place), label) for tick, label in labels), default=(1, ""))
            if distance < 0.5 and label:  # bars of several groups stand around their tick
                return label
        value = self.value(place)
        return value if isinstance(value, str) else "%g" % value

    def label(self):
        return self.axis.get_label().get_text() or None

    def unit(self):
        """What stands in brackets at the label's end."""
        label = (self.label() or "").rstrip()
        for begin, end in ("()", "[]"):
            if label.endswith(end) and begin in label:
                return label[label.rindex(begin) + 1:-1].strip() or None
        return None


class Reader:
    def __init__(self, axes):
        self.axes = axes
        frequency = getattr(axes, "freq", None)
        self.x, self.y = Scale(axes.xaxis, frequency), Scale(axes.yaxis, frequency)
        # Lines across the whole width, and those of the grid, are not drawn in the axes' numbers.
        self.lines = [line for line in axes.lines
                      if all(line.get_transform().contains_branch_seperately(axes.transData))]

    def chart(self):
        for kind, read in (("pie", self.pie), ("box_and_whisker", self.boxes), ("bar", self.bars), (None, self.points)):
            elements = read()
            if elements:
                break
        else:
            return {"type": "unknown", "title": self.title(), "elements": []}
        if kind == "pie":
            return {"type": kind, "title": self.title(), "elements": elements}
        chart = {"type": kind or ("scatter" if self.clouds() else "line"), "title": self.title(),
                 "x_label": self.x.label(), "y_label": self.y.label(), "x_unit": self.x.unit(), "y_unit": self.y.unit()}
        if kind is None:
            for name, scale in (("x", self.x), ("y", self.y)):
                chart.update({name + "_ticks": scale.ticks(), name + "_tick_labels": scale.tick_labels(),
                              name + "_scale": scale.name})
        return {**chart, "elements": elements}

    def title(self):
        return self.axes.get_title() or None

    def pie(self):
        from matplotlib.patches import Wedge
        wedges = [patch for patch in self.axes.patches if isinstance(patch, Wedge)]
        return [{"label": self.named(wedge, "Wedge", place), "angle": round(float(wedge.theta2 - wedge.theta1), 4),
                 "radius": number(wedge.r)} for place, wedge in enumerate(wedges)]

    def bars(self):
        from matplotlib.container import BarContainer
        elements = []
        for place, container in enumerate(each for each in self.axes.containers if isinstance(each, BarContainer)):
            flat = container.orientation == "horizontal"
            for bar in container.patches:
                middle = bar.get_y() + bar.get_height() / 2 if flat else bar.get_x() + bar.get_width() / 2
                elements.append({"label": (self.y if flat else self.x).label_at(middle),
                                 "group": self.named(container, "Bar", place),
                                 "value": number(bar.get_width() if flat else bar.get_height())})
        return elements

    def clouds(self):
        from matplotlib.collections import PathCollection
        return [each for each in self.axes.collections if isinstance(each, PathCollection)]

    def points(self):
        elements = []
        for place, line in enumerate(self.lines):
            elements.append({"label": self.named(line, "Line", place), "points": self.pairs(line.get_xydata())})
        for place, cloud in enumerate(self.clouds()):
            elements.append({"label": self.named(cloud, "Scatter", place), "points": self.pairs(cloud.get_offsets())})
        return elements

    def pairs(self, rows):
        if len(rows) > MAX_POINTS:
            raise TooMuch
        return [[self.x.value(x), self.y.value(y)] for x, y in rows]

    @staticmethod
    def named(artist, kind, place):
        label = str(artist.get_label() or "")
        return "%s %d" % (kind, place) if not label or label.startswith("_") else label

    # --- box plots: told by their shapes ---

    def boxes(self):
        from matplotlib.patches import PathPatch
        corners = [patch.get_path().vertices for patch in self.axes.patches if type(patch) is PathPatch]
        corners = corners or [line.get_xydata() for line in self.lines if self.is_frame(line)]
        strokes = [line.get_xydata() for line in self.lines if len(line.get_xydata()) == 2]
        found = [self.box(frame, strokes) for frame in corners]
        return [each for each in found if each]

    @staticmethod
    def is_frame(line):
        points = line.get_xydata()
        if len(points) not in (5, 11) or line.get_linestyle() == "None" or any(points[0] != points[-1]):
            return False
        return min(len(set(points[:, 0])), len(set(points[:, 1]))) <= 4

    def box(self, frame, strokes):
        for across, along in ((0, 1), (1, 0)):  # standing, lying
            if frame[0][along] != frame[1][along]:
                continue  # it begins with the side of the first quartile
            # A notch may reach beyond the box.
            low, high = sorted((frame[0][along], frame[5 if len(frame) > 10 else 2][along]))
            middle = (frame[:, across].min() + frame[:, across].max()) / 2
            at = [stroke for stroke in strokes if all(abs(stroke[:, across] - middle) < 1e-9)]
            whiskers = [stroke[:, along] for stroke in at]
            if not whiskers:
                continue
            inside = [stroke[0][along] for stroke in strokes
                      if stroke[0][along] == stroke[1][along] and low <= stroke[0][along] <= high
                      and abs(stroke[:, across].mean() - middle) < 1e-9 and stroke[0][across] != stroke[1][across]]
            ends = [low, high, *(end for whisker in whiskers for end in whisker)]
            median = [each for each in inside if low < each < high] or inside
            return {"label": (self.x if across == 0 else self.y).label_at(middle), "min": number(min(ends)),
                    "first_quartile": number(low), "median": number(median[0]) if median else None,
                    "third_quartile": number(high), "max": number(max(ends)),
                    "outliers": self.outliers(middle, across, along)}
        return None

    def outliers(self, middle, across, along):
        found = []
        for line in self.lines:
            points = line.get_xydata()
            if line.get_linestyle() == "None" and len(points) and all(abs(points[:, across] - middle) < 1e-9):
                found += [number(point[along]) for point in points]
        return found
