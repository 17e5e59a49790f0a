"""From the areas of one edition to those of another: which part of each old area lies in which new one.

Counts are moved by these parts, see `moved_counts`. Rates never are: they are made anew from moved counts
(`factors.rates.rate`), and a factor that is known as a rate only cannot be moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regso_cluster.areas import _overlay
from regso_cluster.areas._overlay import Booleans, Floats, Integers, Layer, Parts
from regso_cluster.errors import Fault, InputError
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Rules:
    """How a crosswalk is built.

    Parameters
    ----------
    code : column of codes in both layers
    count : column of residents in the layer of population
    sliver : a part below this share of its old area, of its new area and of the old area's residents is taken for an
        error of drawing, and dropped
    coverage : least share of the land, and of the residents, of each old area that the new layer must hold
    """

    code: str = "regso"
    count: str = c.POPULATION
    sliver: float = 0.001
    coverage: float = 0.99

    def __post_init__(self) -> None:
        """Refuse limits that are no shares."""
        if not 0 <= self.sliver < 0.5 or not 0 < self.coverage <= 1:
            raise ValueError(f"sliver must lie in [0, 0.5) and coverage in (0, 1], got {self}")


_RULES = Rules()


@dataclass(frozen=True)
class Crosswalk:
    """Which part of each old area goes to which new one.

    Parameters
    ----------
    shares : a row a part, ordered by `old`, `new`. `share`: of the old area, summing to one for each; `of_new`: of the
        new area, summing to `covered`; `ground_m2`, land, or area where no land was given; `residents`, NaN where no
        population was given
    old : by old code: `ground_m2`, `residents`, `covered` (share that the new layer holds, before renormalising),
        `dropped` (share in slivers), `weighted_by` ("population", "land" or "area")
    new : by new code: the same without `dropped`; `covered` is the share that the old layer holds
    weighting : "population", "land" or "area": what was asked for. Single areas without residents (land) fall back to
        the next; `weighted_by` says which
    sources : SHA-256 of the layers: `old`, `new`, `population`, `land` (empty where not given)
    rules : the rules it was built by
    notes : what was dropped, repaired, renormalised, and how the cache fared
    """

    shares: pd.DataFrame
    old: pd.DataFrame
    new: pd.DataFrame
    weighting: str
    sources: dict[str, str]
    rules: Rules
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Layers:
    """The checked layers of a crosswalk; `sources` and what they are as in `Crosswalk`."""

    old: Layer
    new: Layer
    population: Layer | None
    land: Layer | None

    @property
    def sources(self) -> dict[str, str]:
        """The hashes of the layers."""
        given = {"old": self.old, "new": self.new, "population": self.population, "land": self.land}
        return {name: layer.sha256 if layer else "" for name, layer in given.items()}


def build_crosswalk(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    population: gpd.GeoDataFrame | None = None,
    land: gpd.GeoDataFrame | None = None,
    rules: Rules = _RULES,
) -> Crosswalk:
    """Build the crosswalk between two editions from their polygons.

    Parameters
    ----------
    old, new : a row an area, with a column of codes (`rules.code`); all layers in one projected coordinate system
    population : points or polygons (grid cells, DeSO) with a column of residents (`rules.count`). A polygon across a
        border is divided evenly over its land
    land : polygons that do not overlap; only what lies in them counts as ground. `areas.shapes.load_shapes()` will do
    rules : columns and tolerances

    Returns
    -------
    Crosswalk. The same layers in another order of rows give the same crosswalk

    Raises
    ------
    InputError  every fault of the layers at once: a missing column, a code twice, no polygon, degrees for metres,
        layers in different coordinate systems, areas that overlap, old areas that the new layer does not hold, a layer
        of population with nobody in any area

    Notes
    -----
    Areas are told by their ground, never by their code. Areal interpolation: Goodchild and Lam (1980), "Areal
    interpolation: a variant of the traditional spatial problem", Geo-Processing 1; with population as ancillary data
    "dasymetric": Eicher and Brewer (2001), Cartography and Geographic Information Science 28.
    """
    return crosswalk_of(read_layers(old, new, population=population, land=land, rules=rules), rules)


def read_layers(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    population: gpd.GeoDataFrame | None = None,
    land: gpd.GeoDataFrame | None = None,
    rules: Rules = _RULES,
) -> Layers:
    """Check and hash the layers of a crosswalk; arguments and faults as for `build_crosswalk`."""
    faults: list[Fault] = []
    first = _overlay.read_layer(old, "old layer", faults, code=rules.code)
    second = _overlay.read_layer(new, "new layer", faults, code=rules.code)
    people = None
    if population is not None:
        people = _overlay.read_layer(population, "layer of population", faults, count=rules.count)
    dry = None if land is None else _overlay.read_layer(land, "land layer", faults)
    for name, layer in (("new layer", second), ("layer of population", people), ("land layer", dry)):
        if first and layer and layer.crs != first.crs:
            hint = "Bring all layers to one with to_crs."
            faults.append(Fault("another coordinate system", f"the {name}", first.crs.name, layer.crs.name, hint))
    if faults or first is None or second is None:
        raise InputError(faults)
    return Layers(first, second, people, dry)


def crosswalk_of(layers: Layers, rules: Rules = _RULES) -> Crosswalk:
    """Build the crosswalk of checked layers: `build_crosswalk` after `read_layers`."""
    parts = _overlay.cut(layers.old.shapes, layers.new.shapes)
    area = _overlay.ground(parts.shapes, None)
    _refuse_overlaps(layers, parts, area, rules)
    land = _overlay.land_parts(layers.land.shapes) if layers.land else None
    ground = _overlay.ground(parts.shapes, land)
    if (ground > area * (1 + 1e-6) + 1e-6).any():
        hint = "Dissolve it, or give a layer without overlaps."
        raise InputError(Fault("polygons of the land layer overlap", "the land layer", hint=hint))
    notes = _layer_notes(layers)
    measures = {"land": ground, "area": area} if layers.land else {"area": area}
    people = np.full(len(area), np.nan)
    if layers.population:
        people, outside = _overlay.residents(parts.shapes, layers.population, land, rules.coverage)
        if not people.any():
            hint = "Give a layer of the same ground with residents, or none: shares then go by land."
            raise InputError(Fault("no residents in any area", "the layer of population", hint=hint))
        measures = {c.POPULATION: people, **measures}
        if outside > 0.5:
            notes.append(Note("residents_outside", count=outside))
    return _assemble(layers, parts, measures, rules, notes)


def _assemble(layers: Layers, parts: Parts, measures: dict[str, Floats], rules: Rules, notes: list[Note]) -> Crosswalk:
    n_old, n_new, ways = len(layers.old.codes), len(layers.new.codes), list(measures.values())
    ground_ways = [measure for name, measure in measures.items() if name != c.POPULATION]
    by_ground, _ = _overlay.portions(parts.old, n_old, ground_ways)
    of_new_ground, _ = _overlay.portions(parts.new, n_new, ground_ways)
    portion, used_old = _overlay.portions(parts.old, n_old, ways)
    common = (parts.old >= 0) & (parts.new >= 0)
    _refuse_uncovered(layers.old, parts.old, common, {"ground": by_ground, "residents": portion}, rules)
    largest = np.zeros(n_old)
    np.maximum.at(largest, parts.old[common], portion[common])
    size = np.maximum.reduce([by_ground, of_new_ground, portion])
    # the largest part stays in any case, so that no area is left without one
    sliver = common & (size < rules.sliver) & (portion < largest[parts.old])
    kept = common & ~sliver
    total = _sums(parts.old, portion, kept, n_old)
    # a sliver is no ground of the new area either
    of_new, used_new = _overlay.portions(np.where(sliver, -1, parts.new), n_new, ways)
    people = measures.get(c.POPULATION, np.full(len(portion), np.nan))
    shares = pd.DataFrame(
        {
            "old": layers.old.codes[parts.old[kept]].astype(str),
            "new": layers.new.codes[parts.new[kept]].astype(str),
            "share": portion[kept] / total[parts.old[kept]],
            "of_new": of_new[kept],
            "ground_m2": ground_ways[0][kept],
            c.RESIDENTS: people[kept],
        }
    )
    sides = []
    for layer, owner, share, used in (
        (layers.old, parts.old, np.where(common, portion, 0.0), used_old),
        (layers.new, parts.new, np.where(kept, of_new, 0.0), used_new),
    ):
        everything, number = owner >= 0, len(layer.codes)
        columns = {
            "ground_m2": _sums(owner, ground_ways[0], everything, number),
            "residents": _sums(owner, people, everything, number),
            "covered": _sums(owner, share, everything, number),
            "weighted_by": np.array(list(measures), dtype=object)[used],
        }
        sides.append(pd.DataFrame(columns, index=pd.Index(layer.codes.astype(str), name="code")))
    sides[0].insert(3, "dropped", _sums(parts.old, portion, sliver, n_old))
    weighting = next(iter(measures))
    notes = notes + _notes(sides[0], sides[1], size[sliver], rules, weighting)
    return Crosswalk(shares, sides[0], sides[1], weighting, layers.sources, rules, tuple(notes))


def _sums(owner: Integers, measure: Floats, of: Booleans, number: int) -> Floats:
    return _overlay.sums(owner[of], measure[of], number)


def _refuse_overlaps(layers: Layers, parts: Parts, area: Floats, rules: Rules) -> None:
    """Parts of an area that are together larger than it lie on each other: two areas of the other layer overlap."""
    faults = []
    common = (parts.old >= 0) & (parts.new >= 0)
    for name, layer, owner in (("new", layers.old, parts.old), ("old", layers.new, parts.new)):
        covered = _sums(owner, area, common, len(layer.codes)) / _overlay.ground(layer.shapes, None)
        hint = "Mend the layer: ground in two areas would be counted twice."
        faults += [
            Fault("areas overlap", f"the {name} layer, around {layer.codes[row]}", got=f"{covered[row]:.1%}", hint=hint)
            for row in np.flatnonzero(covered > 1 + (1 - rules.coverage) + 1e-9)
        ]
    if faults:
        raise InputError(faults)


def _refuse_uncovered(old: Layer, owner: Integers, common: Booleans, portions: dict[str, Floats], rules: Rules) -> None:
    faults: dict[int, Fault] = {}
    for what, portion in portions.items():
        covered = _sums(owner, portion, common, len(old.codes))
        for row in np.flatnonzero(covered < rules.coverage - 1e-9):
            faults.setdefault(
                int(row),
                Fault(
                    "an old area that the new layer does not cover",
                    f"the old layer, {old.codes[row]}",
                    f"at least {rules.coverage:.1%} of its {what}",
                    f"{covered[row]:.1%}",
                    "Give both layers for the same part of the country, and a land layer where one holds the sea.",
                ),
            )
    if faults:
        raise InputError([faults[row] for row in sorted(faults)])


def say_weighting(weighting: str) -> Note:
    """Say what a crosswalk weighs by: "population", "land" or "area"."""
    return {"population": Note("by_population"), "land": Note("by_land"), "area": Note("by_area")}[weighting]


def _layer_notes(layers: Layers) -> list[Note]:
    given = {"old": layers.old, "new": layers.new, "population": layers.population, "land": layers.land}
    return [
        Note("shapes_repaired", count=layer.repaired, layer=name)
        for name, layer in given.items()
        if layer and layer.repaired
    ]


def _notes(old: pd.DataFrame, new: pd.DataFrame, slivers: Floats, rules: Rules, weighting: str) -> list[Note]:
    notes = []
    if len(slivers):
        notes.append(Note("slivers_dropped", count=len(slivers), share=rules.sliver, largest=slivers.max()))
    for side in (old, new):
        for way, number in side.loc[side["weighted_by"] != weighting, "weighted_by"].value_counts().items():
            values = {"count": number, "way": say_weighting(str(way)), "weighting": say_weighting(weighting)}
            notes.append(Note("old_weighted_by", **values) if side is old else Note("new_weighted_by", **values))
    short = old["covered"] < 1 - rules.sliver
    if short.any():
        notes.append(Note("old_not_covered", count=short.sum(), least=old["covered"].min()))
    short = new["covered"] < 1 - rules.sliver
    if short.any():
        notes.append(Note("new_not_covered", count=short.sum()))
    return notes


def mark_areas(crosswalk: Crosswalk, *, threshold: float = 0.01) -> pd.DataFrame:
    """Say which areas can be compared between the editions by their code.

    Parameters
    ----------
    threshold : the share of residents (land, area) up to which an area that changed counts as the same

    Returns
    -------
    By new code:
    `comparable`: `elsewhere` and `left` are both at most the threshold
    `elsewhere`: share of the new area's residents that did not live in the old area of this code
    `left`: share of the residents of the old area of this code that now live in others; NaN where none had the code
    `change`: "none" (comparable), "code" (all of another old area, and hardly anything else), "reused" (none of the
    ground of the old area of this code), "new" (a code that was not), "border"
    `predecessor`: the old area that most of the residents come from, the lowest code when equal; missing without one
    `sources`: number of old areas that give a part
    `weighted_by`: what stands for "residents" here: population, land or area
    """
    shares = crosswalk.shares
    own = shares[shares["old"] == shares["new"]].set_index("new")
    ordered = shares.sort_values(["new", "of_new", "old"], ascending=[True, False, True], kind="stable")
    first = ordered.drop_duplicates("new").set_index("new").reindex(crosswalk.new.index)
    index = crosswalk.new.index
    known = index.isin(crosswalk.old.index)
    elsewhere = (1 - own["of_new"].reindex(index).fillna(0.0)).clip(0.0, 1.0)
    left = (1 - own["share"].reindex(index).fillna(0.0)).clip(0.0, 1.0).where(known)
    comparable = (elsewhere <= threshold) & (left <= threshold)
    whole = (first["of_new"] >= 1 - threshold) & (first["share"] >= 1 - threshold)
    change = np.select(
        [comparable, known & (elsewhere >= 1 - threshold), whole, ~known], ["none", "reused", "code", "new"], "border"
    )
    return pd.DataFrame(
        {
            "comparable": comparable,
            "elsewhere": elsewhere,
            "left": left,
            "change": change,
            "predecessor": first["old"],
            "sources": shares.groupby("new").size().reindex(index, fill_value=0),
            "weighted_by": crosswalk.new["weighted_by"],
        },
        index=index,
    )
