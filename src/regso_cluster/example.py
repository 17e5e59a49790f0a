"""A synthetic country on the real area codes, with planted groups and planted moves. No figure in it is real.

Disadvantage is spatially correlated, denominators look real, small cells are suppressed by SCB's rule. What was
planted is written beside the tables, so that a classification can be judged. The shape follows what was published for
2024: about 568 areas with at least one problem of six, 180 with at least three, 40 with at least five.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.areas.editions import area_names
from regso_cluster.areas.shapes import neighbour_arrays
from regso_cluster.errors import Fault, InputError
from regso_cluster.writing import whole_file

FIRST_YEAR, LAST_YEAR = 2019, 2030
EDITION = 2025
LEAST_RESIDENTS, MOST_RESIDENTS = 663, 22_622  # of a RegSO in the official tables of 2022

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Planted:
    """How one factor is made: all as shares of the denominator.

    `usual` in an area without the problem, `spread` (SD) between such areas, `step` to the worse side where the
    problem is planted; `base` is the share of residents in the denominator.
    """

    key: str
    usual: float
    spread: float
    step: float
    base: float


# a step of about six spreads keeps planted problems apart from the others through the noise of counts
_FACTORS = (
    _Planted("kriminalitet", 0.024, 0.0045, 0.036, 1.0),
    _Planted("bidragsberoende", 0.09, 0.022, 0.16, 0.57),
    _Planted("trangboddhet", 0.14, 0.035, 0.24, 1.0),
    _Planted("valdeltagande", 0.88, 0.018, -0.14, 0.74),
    _Planted("skolresultat", 0.87, 0.03, -0.38, 0.024),
    _Planted("arbetsmarknadsetablering", 0.80, 0.025, -0.19, 0.57),
)
_KEYS = tuple(factor.key for factor in _FACTORS)
# kinds of need: which factors come first when an area has this many problems
_KINDS = {
    "crowded suburb": (
        "trangboddhet",
        "valdeltagande",
        "bidragsberoende",
        "arbetsmarknadsetablering",
        "skolresultat",
        "kriminalitet",
    ),
    "troubled centre": (
        "kriminalitet",
        "bidragsberoende",
        "skolresultat",
        "arbetsmarknadsetablering",
        "valdeltagande",
        "trangboddhet",
    ),
    "worn-out industry": (
        "skolresultat",
        "arbetsmarknadsetablering",
        "bidragsberoende",
        "valdeltagande",
        "kriminalitet",
        "trangboddhet",
    ),
}
# areas by number of planted problems, worst first: 40 with five or six, 140 with three or four, 388 with one or two
_SHAPE = ((6, 14), (5, 26), (4, 52), (3, 88), (2, 120), (1, 268))
_MOVES = 24  # areas a year that take each other's place: half of them for the worse
# a move is planted where the figures can show it: with fewer residents the pupils of a year are few or suppressed
_SHOWN_FROM = 3500


def synthetic_country(years: range, seed: int = 0) -> tuple[dict[int, pd.DataFrame], pd.DataFrame]:
    """Make the tables of some years, and the truth behind them.

    Parameters
    ----------
    years : within 2019 to 2030; a year's table is the same whichever other years are asked for
    seed : another seed is another country

    Returns
    -------
    tables : by year, a row an area of edition 2025: regso, year, population, <factor>_n and <factor>_d, synthetic
    truth : a row an area and year: regso, year, planted_kind, planted_problems (number), planted_factors,
        suppressed_factors (whose counts the table does not show), move ("worse", "better" or "") and cause ("data"
        where an area moved), synthetic

    Raises
    ------
    InputError  a year outside 2019 to 2030
    """
    if not len(years) or years[0] < FIRST_YEAR or years[-1] > LAST_YEAR:
        where, asked = f"{FIRST_YEAR} to {LAST_YEAR}", f"{years.start}-{years.stop - 1}"
        raise InputError(
            Fault("no such years in the synthetic country", "--years", where, asked, "Ask for years between.")
        )
    root = np.random.SeedSequence(seed)
    generator = np.random.default_rng(root)
    names = area_names(EDITION)
    codes = pd.Index(names["regso"])
    residents = np.clip(np.exp(generator.normal(7.93, 0.47, len(codes))), LEAST_RESIDENTS, MOST_RESIDENTS).round()
    latent = _latent(names, generator)
    kinds = generator.choice(list(_KINDS), len(codes))
    own = generator.normal(size=(len(codes), len(_FACTORS)))  # what stays with an area from year to year
    problems = _plant(latent + 0.5 * generator.normal(size=len(codes)))
    tables, truths = {}, []
    for year in range(FIRST_YEAR, years[-1] + 1):
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(year,)))
        before = problems
        if year > FIRST_YEAR:
            problems = _move(problems, residents, generator)
            residents = np.clip(
                (residents * generator.normal(1.004, 0.01, len(codes))).round(),
                LEAST_RESIDENTS,
                MOST_RESIDENTS,
            )
        planted = _planted_factors(problems, kinds)
        counts = _count(residents, latent, own, planted, generator)
        if year in years:
            tables[year] = pd.DataFrame(
                {"regso": codes, "year": year, "population": residents.astype(int), **counts}
            ).assign(synthetic="yes")
            truths.append(_truth(codes, year, kinds, problems, planted, before, counts))
    return tables, pd.concat(truths, ignore_index=True)


def _latent(names: pd.DataFrame, generator: np.random.Generator) -> Array:
    """Disadvantage: neighbours are alike, and large kommuner hold more of both ends."""
    starts, neighbours, _ = neighbour_arrays(tuple(names["regso"]))
    degree = np.diff(starts)
    row = np.repeat(np.arange(len(names)), degree)
    latent = generator.normal(size=len(names))
    for _ in range(3):
        around = np.bincount(row, weights=latent[neighbours], minlength=len(names)) / degree
        latent = 0.5 * latent + 0.5 * around
    latent = (latent - latent.mean()) / latent.std()
    size = names.groupby("kommun")["regso"].transform("size").to_numpy(np.float64)
    spread: Array = latent * (0.6 + 0.2 * np.log(size))
    spread /= spread.std()
    return spread


def _plant(order: Array) -> npt.NDArray[np.int64]:
    """Give the areas highest in `order` their number of problems."""
    problems = np.zeros(len(order), dtype=np.int64)
    ranked = np.argsort(-order, kind="stable")
    at = 0
    for number, size in _SHAPE:
        problems[ranked[at : at + size]] = number
        at += size
    return problems


def _move(problems: npt.NDArray[np.int64], residents: Array, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Let pairs of larger areas take each other's place, so that the shape of the country stays."""
    shown = residents >= _SHOWN_FROM
    with_problems, without = np.flatnonzero(shown & (problems >= 1)), np.flatnonzero(shown & (problems == 0))
    moved = problems.copy()
    better = generator.choice(with_problems, _MOVES // 2, replace=False)
    worse = generator.choice(without, _MOVES // 2, replace=False)
    moved[better], moved[worse] = problems[worse], problems[better]
    return moved


def _planted_factors(problems: npt.NDArray[np.int64], kinds: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """Say for each area and factor whether the problem is planted, (n_areas, n_factors)."""
    rank = np.array([[_KINDS[kind].index(key) for key in _KEYS] for kind in _KINDS])
    row = np.searchsorted(sorted(_KINDS), kinds)
    planted: npt.NDArray[np.bool_] = rank[np.argsort(list(_KINDS))][row] < problems[:, None]
    return planted


def _count(
    residents: Array,
    latent: Array,
    own: Array,
    planted: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> dict[str, npt.NDArray[np.object_]]:
    """Draw the counts of a year; suppress both cells of a share that SCB would not publish."""
    counts: dict[str, npt.NDArray[np.object_]] = {}
    for number, factor in enumerate(_FACTORS):
        yearly = generator.normal(size=len(residents))
        likeness = 0.5 * np.clip(latent, -2, 2) + 0.8 * own[:, number] + 0.3 * yearly
        # where a problem is planted, nothing else in the area hides it
        likeness = np.clip(likeness, np.where(planted[:, number], 0.0, -2.5), 2.5)
        share = factor.usual + np.sign(factor.step) * factor.spread * likeness
        share = np.clip(share + factor.step * planted[:, number], 0.002, 0.985)
        denominator = (residents * factor.base * generator.normal(1, 0.03, len(residents)).clip(0.9, 1.1)).astype(int)
        numerator = generator.binomial(denominator, share)
        hidden = (denominator <= 20) | (numerator <= 5)
        for part, cells in (("n", numerator), ("d", denominator)):
            counts[f"{factor.key}_{part}"] = np.where(hidden, "..", cells.astype(object))
    return counts


def _listed(has: npt.NDArray[np.bool_]) -> list[str]:
    """Name the factors of each area, (n_areas, n_factors)."""
    return [" ".join(key for key, own in zip(_KEYS, row, strict=True) if own) for row in has]


def _truth(
    codes: pd.Index, year: int, kinds: npt.NDArray[np.str_], problems: npt.NDArray[np.int64],
    planted: npt.NDArray[np.bool_], before: npt.NDArray[np.int64], counts: dict[str, npt.NDArray[np.object_]],
) -> pd.DataFrame:  # fmt: skip
    hidden = np.array([counts[f"{key}_n"] == ".." for key in _KEYS]).T
    move = np.select([problems > before, problems < before], ["worse", "better"], "")
    return pd.DataFrame(
        {
            "regso": codes,
            "year": year,
            "planted_kind": np.where(problems > 0, kinds, "no problem"),
            "planted_problems": problems,
            "planted_factors": _listed(planted),
            "suppressed_factors": _listed(hidden),
            "move": move,
            "cause": np.where(move == "", "", "data"),
            "synthetic": "yes",
        }
    )


def write_example(folder: str | Path, years: range, seed: int = 0) -> list[Path]:
    """Write factors-<year>.csv for each year and truth.csv into a folder; give the paths written.

    Raises
    ------
    InputError  a year outside 2019 to 2030; a file of that name exists with other content
    """
    folder = Path(folder)
    tables, truth = synthetic_country(years, seed)
    texts = {folder / f"factors-{year}.csv": table.to_csv(index=False) for year, table in tables.items()}
    texts[folder / "truth.csv"] = truth.to_csv(index=False)
    standing = [path for path, text in texts.items() if path.exists() and path.read_text("utf-8") != text]
    if standing:
        hint = "Choose another folder, or remove the file."
        raise InputError([Fault("a file of that name exists", str(path), hint=hint) for path in standing])
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        with whole_file(path) as partial:
            partial.write_text(text, "utf-8", newline="\n")
    return list(texts)
