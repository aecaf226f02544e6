"""The colour of every box by a measure, and the legend's words: worked out from arrays, without laying anything out.

Numbers are shown in viridis (Nathaniel Smith, Stéfan van der Walt, 2015; public domain), which is even to
the eye, colour-blind or not; words in colours after Okabe and Ito.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inspector.core.measures import (
    FINITE,
    FIRST,
    FROZEN,
    NUMBERS,
    PARTLY,
    PASSED_ON,
    TRAINABLE,
    WORD_MEASURES,
    Measure,
    Measured,
    Values,
    WordMeasure,
    missing_text,
    one_word,
    shares,
    totals,
)
from inspector.core.visible import Visible
from inspector.gui.theme import Theme

# in 24 even steps; between them it is as good as straight
VIRIDIS = (
    "#440154",
    "#471164",
    "#481F70",
    "#472D7B",
    "#443983",
    "#404688",
    "#3B528B",
    "#365D8D",
    "#31688E",
    "#2C728E",
    "#287C8E",
    "#24868E",
    "#21918C",
    "#1F9A8A",
    "#20A486",
    "#27AD81",
    "#35B779",
    "#48C16E",
    "#5CC863",
    "#75D054",
    "#8ED645",
    "#AADC32",
    "#C8E020",
    "#E2E418",
    "#FDE725",
)
WORD_COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#F0E442", "#D55E00", "#9AA3AD")
OWN_COLOURS = {FIRST: "#D55E00", PASSED_ON: "#E69F00", TRAINABLE: "#009E73", FROZEN: "#56B4E9", PARTLY: "#E69F00"}
PLAIN, NO_VALUE = "", "-"
STEPS = 256


@dataclass(frozen=True)
class Legend:
    """What the colours mean. `ticks` are texts at shares of the map, `swatches` words with a colour and a count.

    `plain` and `hatched` say what boxes without a colour are, in a sentence or "".
    """

    title: str
    ticks: tuple[tuple[float, str], ...] = ()
    swatches: tuple[tuple[str, str, int], ...] = ()
    plain: str = ""
    hatched: str = ""
    groups: str = ""
    needs_profile: bool = False


@dataclass(frozen=True)
class Shading:
    """`colours` is by box: `#rrggbb`, PLAIN for a box as the theme has it, NO_VALUE for a hatched one."""

    colours: tuple[str, ...]
    legend: Legend


def shade(visible: Visible, measured: Measured, key: str) -> Shading | None:
    """The shading by a measure; None by kind."""
    if key in NUMBERS:
        return _by_number(visible, measured, NUMBERS[key])
    if key in WORD_MEASURES:
        return _by_word(visible, measured, WORD_MEASURES[key])
    return None


def box_values(visible: Visible, measured: Measured, measure: Measure) -> Values:
    """The measure of every box (b,): a node's own, a folded group's total."""
    count = len(visible.boxes)
    values = totals(measured.additive(measure), visible.box_of_node, count, measure.total)
    own = measured.column(measure)
    for at, box in enumerate(visible.boxes):
        if box.node is not None:
            values[at] = own[box.node]
        elif box.container is not None and measure.key == "time":
            values[at] = _group_time(visible, measured, box.container, float(values[at]))
    return values


def _group_time(visible: Visible, measured: Measured, container: int, summed: float) -> float:
    """Whole calls, where they were timed: what a module does outside of operations is in them."""
    if container in visible.hierarchy.twins:
        return summed
    groups = visible.hierarchy.members[container] or (container,)
    return float(measured.group_s[list(groups)].sum())


@lru_cache(maxsize=1)
def number_colours() -> tuple[str, ...]:
    """The map in 256 steps."""
    anchors = np.array([tuple(bytes.fromhex(colour[1:])) for colour in VIRIDIS], np.float64)
    wanted = np.linspace(0.0, len(anchors) - 1.0, STEPS)
    table = np.stack([np.interp(wanted, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)], axis=1)
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in np.round(table).astype(int).tolist())


@lru_cache(maxsize=2048)
def on_colour(theme: Theme, ground: str) -> Theme:
    """The theme for a card of that colour: all text in black or white, whichever is read better on it."""
    ink = "#000000" if luminance(ground) > 0.179 else "#FFFFFF"  # where both contrasts are 4.6 : 1
    return replace(theme, card=ground, text=ink, dimmed=ink, faint=ink, accent=ink)


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, as WCAG 2 defines it."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in np.array([*bytes.fromhex(colour[1:])]) / 255
    ]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def _by_number(visible: Visible, measured: Measured, measure: Measure) -> Shading:
    values = box_values(visible, measured, measure)
    placed = shares(values, log=measure.log)
    table = (*number_colours(), PLAIN, NO_VALUE)
    steps = np.full(len(values), STEPS, np.intp)
    shown = placed >= 0
    steps[shown] = np.round(placed[shown] * (STEPS - 1)).astype(np.intp)
    steps[np.isnan(placed)] = STEPS + 1
    return Shading(tuple(table[step] for step in steps.tolist()), _number_legend(measure, measured, values, shown))


def _number_legend(measure: Measure, measured: Measured, values: Values, shown: NDArray[np.bool_]) -> Legend:
    ticks: tuple[tuple[float, str], ...] = ()
    if shown.any():
        low, high = float(values[shown].min()), float(values[shown].max())
        middle = (low * high) ** 0.5 if measure.log else (low + high) / 2
        places = ((0.0, low), (0.5, middle), (1.0, high)) if high > low else ((1.0, high),)
        ticks = tuple((place, measure.text(value)) for place, value in places)
    zeros = int((~shown & ~np.isnan(values)).sum())
    missing = int(np.isnan(values).sum())
    folded = "groups: their sum" if measure.total == "sum" else "groups: the largest inside"
    return Legend(
        title=f"{measure.name}{', logarithmic' if measure.log and len(ticks) > 1 else ''}",
        ticks=ticks,
        plain=f"{_boxes(zeros)}: none" if zeros else "",
        hatched=f"{_boxes(missing)}: {missing_text(measured, measure)}" if missing else "",
        groups=folded,
        needs_profile=measure.profiled and measured.profile is None and not ticks,
    )


def _by_word(visible: Visible, measured: Measured, measure: WordMeasure) -> Shading:
    words = measure.words_of(measured)
    held: list[set[str]] = [set() for _ in visible.boxes]
    for box, word in zip(visible.box_of_node.tolist(), words, strict=True):
        if word and box >= 0:
            held[box].add(word)
    told = [one_word(found, measure) for found in held]
    known = dict.fromkeys((*measure.words, *sorted(set(words) - {""} - set(measure.words)), measure.mixed))
    colours = {word: word_colour(word, place) for place, word in enumerate(w for w in known if w)}
    counts = {word: told.count(word) for word in colours}
    missing = told.count("")
    swatches = tuple((word, colours[word] or "", count) for word, count in counts.items() if count)
    legend = Legend(
        title=measure.name,
        swatches=swatches,
        hatched=f"{_boxes(missing)}: {measure.missing}" if missing else "",
    )
    return Shading(tuple(NO_VALUE if not word else colours[word] for word in told), legend)


def word_colour(word: str, place: int) -> str:
    """Its own colour, or that of its place; PLAIN for what is as it should be."""
    return PLAIN if word == FINITE else OWN_COLOURS.get(word) or WORD_COLOURS[place % len(WORD_COLOURS)]


def _boxes(count: int) -> str:
    return "1 box" if count == 1 else f"{count:,} boxes"
