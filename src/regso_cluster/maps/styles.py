"""QGIS styles (QML) of a map of areas: a colour a group, classes of a value, grey where there is none."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
import pandas as pd

from regso_cluster.maps.colours import UNKNOWN, VALUE_COLOURS, map_colours
from regso_cluster.method import Factor, Method
from regso_cluster.schema import columns as c
from regso_cluster.words.columns import head_columns, unit_of

NO_GROUP = "Oavgjord eller ej indelad"
NO_VALUE = "Uppgift saknas"
_NAME = 30  # characters that the table of styles gives a name


@dataclass(frozen=True)
class Style:
    """A style of a layer: its name, and the text that QGIS reads."""

    name: str
    qml: str


def styles_of(areas: pd.DataFrame, groups: pd.DataFrame, method: Method) -> list[Style]:
    """Give the styles of a map: every grouping, then the values of every factor. The first is the default.

    Parameters
    ----------
    areas : classified areas
    groups : names of the groups
    method : which factors, and which way is worse
    """
    made: list[tuple[str, str]] = []
    candidates = (c.COMPOSITE_GROUP, c.BAND, c.CLUSTER, *(c.tier_of(key) for key in method.keys))
    for grouping in candidates:
        if grouping in areas and len(groups):
            own = groups[(groups[c.GROUPING] == grouping) & groups[c.GROUP].notna()]
            made.append((grouping, style_of(grouping, own)))
    values = {c.value_of(factor.key): factor for factor in method.factors}
    made += [
        (column, style_of_values(areas[column], factor))
        for column, factor in values.items()
        if column in areas and areas[column].notna().any()
    ]
    heads = head_columns([column for column, _ in made], method)["sv"]
    named: list[Style] = []
    for heading, (_, qml) in zip(heads, made, strict=True):
        short, number = _shortened(heading), 2
        while short in {style.name for style in named}:
            short, number = f"{heading[: _NAME - 3]} {number}", number + 1
        named.append(Style(short, qml))
    return named


def _shortened(heading: str) -> str:
    """Shorten a heading to what a name of a style holds: of a factor, not of what is shown of it."""
    if len(heading) <= _NAME:
        return heading
    at = max(heading.rfind(": "), heading.rfind(", "))
    tail = heading[at:] if at > 0 and len(heading) - at < _NAME - 1 else ""
    return f"{heading[: _NAME - 1 - len(tail)]}…{tail}"


def style_of(grouping: str, groups: pd.DataFrame) -> str:
    """Write a QGIS style: a colour a group, from the worst (clusters have hues of their own), grey for no group.

    Parameters
    ----------
    grouping : the column that colours
    groups : its groups in order, with `group` and `name_sv`
    """
    labels = [(str(row.group), f"{row.group} {row.name_sv}", colour) for row, colour in
              zip(groups.itertuples(), map_colours(grouping, groups), strict=True)]  # fmt: skip
    labels.append(("", NO_GROUP, UNKNOWN))
    root, renderer = _begin("categorizedSymbol", attr=grouping)
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (value, label, colour) in enumerate(labels):
        kind = "long" if value else "NULL"
        ET.SubElement(categories, "category", value=value, label=label, symbol=str(number), type=kind, render="true")
        _add_fill(symbols, number, colour)
    return _text(root)


def style_of_values(values: pd.Series, factor: Factor) -> str:
    """Write a QGIS style: fifths of the areas by a value, the worst darkest, and grey where there is no value.

    Parameters
    ----------
    values : (n_areas,) of the column `<factor>_value`; missing ones count in no fifth
    factor : its unit, and which way is worse
    """
    known = values.astype("Float64").dropna().to_numpy(np.float64)
    cuts = [cut for cut in np.unique(np.quantile(known, [0.2, 0.4, 0.6, 0.8])).tolist() if cut > known.min()]
    column, unit = f'"{factor.key}_value"', unit_of(factor).sv
    classes = []
    for place in range(len(cuts) + 1):
        low, high = (cuts[place - 1] if place else None), (cuts[place] if place < len(cuts) else None)
        parts = [f"{column} >= {low!r}" if low is not None else "", f"{column} < {high!r}" if high is not None else ""]
        ends = (f"{known.min() if low is None else low:.1f}", f"{known.max() if high is None else high:.1f}")
        label = f"{ends[0]}–{ends[1]} {unit}".replace(".", ",")
        classes.append((" AND ".join(filter(None, parts)) or f"{column} IS NOT NULL", label))
    if factor.worse == "high":
        classes.reverse()
    shades = _shades(len(classes))
    root, renderer = _begin("RuleRenderer")
    rules = ET.SubElement(renderer, "rules", key="{root}")
    symbols = ET.SubElement(renderer, "symbols")
    for number, ((rule, label), colour) in enumerate(
        [*zip(classes, shades, strict=True), (("ELSE", NO_VALUE), UNKNOWN)]
    ):
        ET.SubElement(rules, "rule", filter=rule, label=label, symbol=str(number), key=f"{{{factor.key}-{number}}}")
        _add_fill(symbols, number, colour)
    return _text(root)


def _shades(size: int) -> list[str]:
    last = len(VALUE_COLOURS) - 1
    return [VALUE_COLOURS[round(at * last / (size - 1))] for at in range(size)] if size > 1 else [VALUE_COLOURS[2]]


def _begin(kind: str, **settings: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("qgis", version="3.28.0", styleCategories="Symbology")
    flags = {"symbollevels": "0", "forceraster": "0", "enableorderby": "0"}
    return root, ET.SubElement(root, "renderer-v2", {"type": kind, **settings, **flags})


def _add_fill(symbols: ET.Element, number: int, colour: str) -> None:
    symbol = ET.SubElement(symbols, "symbol", type="fill", name=str(number), alpha="1", clip_to_extent="1")
    fill = ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"})
    options = ET.SubElement(fill, "Option", type="Map")
    rgb = ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    settings = {"color": f"{rgb},255", "outline_color": "90,90,90,255", "outline_width": "0.06",
                "outline_width_unit": "MM", "outline_style": "solid", "style": "solid"}  # fmt: skip
    for name, setting in settings.items():
        ET.SubElement(options, "Option", name=name, type="QString", value=setting)


def _text(root: ET.Element) -> str:
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode")
