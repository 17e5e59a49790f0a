"""A synthetic country on the real area codes, with planted problems and planted moves. No figure in it is real.

The shape of each factor is near that of a real one: open data of 2022 by RegSO (SCB, CC0), computed over 3,363 areas;
turnout of 2022 by polling district (Valmyndigheten); eligible pupils of 2023 in 422 areas of cities. Here / real:

| factor, and the real one of like shape | skewness | kurtosis | beyond 2 SD | Moran's I |
|---|---:|---:|---:|---:|
| kriminalitet; reports of six rarer kinds of crime | 2.2 / 5.4 | 5.4 / 54 | 5.7 / 3.1 % | .21 / .20 |
| bidragsberoende; persons of low economic standard | 1.8 / 1.7 | 3.0 / 4.0 | 6.2 / 5.0 % | .36 / .29 |
| trangboddhet; persons born abroad | 1.6 / 1.6 | 2.2 / 2.2 | 6.5 / 6.5 % | .50 / .56 |
| valdeltagande; turnout | -1.5 / -1.5 | 1.8 / 2.5 | 6.5 / 6.0 % | .40 / - |
| skolresultat; eligible pupils | -1.1 / -0.9 | 0.3 / 0.3 | 4.0 / 5.2 % | .29 / - |
| arbetsmarknadsetablering; employed of 16 to 64 years | -1.9 / -1.9 | 3.5 / 5.4 | 6.3 / 4.8 % | .36 / .34 |

Correlations: benefits and employment -.83 / -.90, benefits and crowding .74 / .72, crowding and employment -.75 / -.76,
crime and the others .35 to .45 / .39 to .40. Residents: logarithm 7.87 / 7.87 on average, SD .57 / .57, Moran's I .42 /
.39, between kommuner .45 / .45 of the variance. Of the residents 57 / 58 % are 20 to 64 years old; pupils are those of
two years, 2.3 % of the residents, since of one year (1.15 %) a quarter of the areas would be suppressed.

How many areas have problems follows what was published for 2024: 568 with at least one of six, 180 with at least three,
40 with at least five, for which real factors have too few areas beyond 2 SD: tails are a little fuller here. A planted
problem is a *true* rate worse than the limit that counted rates have on average: mean and two SD over the areas, chance
included. Counts are drawn from the true rates, and small cells are suppressed by SCB's rule, so that a classification
does not find quite the planted areas: how many it misses is what its certainty has to state. What was planted stands
in a file beside the tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.areas.edition_table import neighbour_years
from regso_cluster.areas.editions import area_names
from regso_cluster.errors import Fault, InputError
from regso_cluster.example.true_rates import Planted, Shape, choose_problems, correlated, measure, settle, spatial_field
from regso_cluster.files.atomic import whole_file
from regso_cluster.schema import columns as c

FIRST_YEAR, LAST_YEAR = 2019, 2030
LEAST_RESIDENTS, MOST_RESIDENTS = 663, 22_622  # of a RegSO in the official tables of 2022

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_FACTORS = (
    #     key                         mean   sd     bend   width  worse common kommun near  base   base_spread
    Shape("kriminalitet",             0.022, 0.013, 1.80, 0.65, +1,   0.50,  0.00,  0.25, 1.000, 0.03),
    Shape("bidragsberoende",          0.090, 0.060, 1.60, 0.70, +1,   0.90,  0.05,  0.20, 0.570, 0.06),
    Shape("trangboddhet",             0.160, 0.110, 1.40, 0.65, +1,   0.80,  0.15,  0.85, 1.000, 0.03),
    Shape("valdeltagande",            0.811, 0.086, 1.40, 0.70, -1,   0.80,  0.10,  0.45, 0.740, 0.05),
    Shape("skolresultat",             0.857, 0.085, 1.00, 0.65, -1,   0.72,  0.05,  0.25, 0.023, 0.27),
    Shape("arbetsmarknadsetablering", 0.782, 0.072, 1.60, 0.65, -1,   0.90,  0.05,  0.20, 0.570, 0.06),
)  # fmt: skip
_KEYS = tuple(factor.key for factor in _FACTORS)
_COMMON = (0.05, 0.58, 0.3)  # the disadvantage that all factors share: kommun, near, tail
_RESIDENTS = (7.872, 0.574, 0.28, 0.25)  # mean and SD of the logarithm, kommun, near
# kinds of need: which factors come first
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
_TOTALS = ((5, 40), (3, 180), (1, 568))  # least number of problems, areas with so many or more
# SD of chance in the choice of the areas that get a problem: with none, no area would lie just below a limit
_CHOICE = 0.15
_YEARLY = 0.1  # SD of what is of one year alone, in SD of a factor over the areas
_MOVES = 24  # areas a year that take each other's place: half of them for the worse
# A move is planted where the figures can show it: in areas with many residents, by rates so far from the limit,
# in SD of the factor over the areas and in standard errors of a count.
_SHOWN_FROM, _CLEAR, _CLEAR_ERRORS = 3500, 0.5, 5.0


@dataclass(frozen=True)
class _Areas:
    """What an area keeps from year to year: residents, shares in the denominators, values behind rates, problems."""

    residents: Array
    bases: Array
    normal: Array
    problems: Flags

    @property
    def denominators(self) -> Array:
        found: Array = np.floor(np.minimum(self.residents[:, None] * self.bases, self.residents[:, None]))
        return found


def synthetic_country(years: range, seed: int = 0) -> tuple[dict[int, pd.DataFrame], pd.DataFrame]:
    """Make the tables of some years, and the truth behind them.

    Parameters
    ----------
    years : within 2019 to 2030; a year's table is the same whichever other years are asked for
    seed : another seed is another country

    Returns
    -------
    tables : by year, a row an area of the newest edition with known neighbours: regso, year, population, <factor>_n
        and <factor>_d, synthetic
    truth : a row an area and year: regso, year, planted_kind (the kind of need that its true rates are most like, or
        "no problem"), planted_problems (number of true rates worse than their limits), planted_factors,
        suppressed_factors (whose counts the table does not show), move ("worse", "better" or "") and cause ("data"
        where an area moved), synthetic

    Raises
    ------
    InputError  a year outside 2019 to 2030

    Examples
    --------
    >>> tables, truth = synthetic_country(range(2024, 2025))
    >>> len(tables[2024]), bool(tables[2024]["synthetic"].all())
    (3363, True)
    """
    if not len(years) or years[0] < FIRST_YEAR or years[-1] > LAST_YEAR:
        where, asked = f"{FIRST_YEAR} to {LAST_YEAR}", f"{years.start}-{years.stop - 1}"
        raise InputError(
            Fault("no such years in the synthetic country", "--years", where, asked, "Ask for years between.")
        )
    names = area_names(neighbour_years()[-1])
    kommun = pd.factorize(names[c.KOMMUN])[0]
    areas = _first_areas(names, seed)
    tables, truths = {}, []
    for year in range(FIRST_YEAR, years[-1] + 1):
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(year,)))
        before = areas.problems.sum(axis=1)
        if year > FIRST_YEAR:
            areas = _next_areas(areas, kommun, generator)
        if year in years:
            planted = _of_year(areas, generator)
            counts = _count(areas.denominators, planted.rates, generator)
            codes, residents = pd.Index(names[c.REGSO]), areas.residents.astype(int)
            tables[year] = pd.DataFrame({c.REGSO: codes, "year": year, c.POPULATION: residents, **counts}).assign(
                synthetic="yes"
            )
            truths.append(_truth(codes, year, areas, planted, before, counts))
    return tables, pd.concat(truths, ignore_index=True)


def _first_areas(names: pd.DataFrame, seed: int) -> _Areas:
    """Draw the areas, and plant the problems of the first year."""
    size, rates, bases = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3))
    mean, sd, kommun, near = _RESIDENTS
    residents = np.exp(mean + sd * spatial_field(names, kommun, near, size))
    residents = np.clip(residents, LEAST_RESIDENTS, MOST_RESIDENTS).round()
    spread = np.array([factor.base_spread for factor in _FACTORS]) * bases.normal(size=(len(names), len(_FACTORS)))
    share = np.array([factor.base for factor in _FACTORS]) * np.exp(spread)
    areas = _Areas(residents, share, correlated(names, _FACTORS, _COMMON, rates), np.zeros(share.shape, dtype=bool))
    free = measure(areas.normal, areas.denominators, _FACTORS)
    problems = choose_problems(free.beyond + _CHOICE * rates.normal(size=share.shape), _TOTALS)
    return replace(areas, normal=settle(areas.normal, problems, areas.denominators, _FACTORS).normal, problems=problems)


def _next_areas(areas: _Areas, kommun: npt.NDArray[np.int64], generator: np.random.Generator) -> _Areas:
    """Change the residents a little, and let pairs of larger areas take each other's place."""
    grown = (areas.residents * generator.normal(1.004, 0.01, len(areas.residents))).round()
    areas = replace(areas, residents=np.clip(grown, LEAST_RESIDENTS, MOST_RESIDENTS))
    found = measure(areas.normal, areas.denominators, _FACTORS)
    error = np.sqrt(found.rates * (1 - found.rates) / np.maximum(areas.denominators, 1))
    clear = (np.abs(found.beyond) >= _CLEAR) & (np.abs(found.rates - found.limits) >= _CLEAR_ERRORS * error)
    shown = areas.residents >= _SHOWN_FROM
    with_problems = np.flatnonzero(shown & (clear & areas.problems).any(axis=1))
    without = np.flatnonzero(shown & (clear & ~areas.problems).all(axis=1))
    better, worse = _pairs(with_problems, without, kommun, generator)
    place = np.arange(len(areas.residents))
    place[better], place[worse] = worse, better
    return replace(areas, normal=areas.normal[place], problems=areas.problems[place])


def _pairs(
    with_problems: npt.NDArray[np.int64], without: npt.NDArray[np.int64], kommun: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:  # fmt: skip
    """Draw pairs of areas that change places, of one kommun where it has both, so that its pattern stays."""
    better, worse = generator.permutation(with_problems), generator.permutation(without)
    pairs: list[tuple[int, int]] = []
    for same in (True, False):
        for area in better:
            taken = {one for pair in pairs for one in pair}
            others = [other for other in worse if other not in taken and (not same or kommun[other] == kommun[area])]
            if len(pairs) < _MOVES // 2 and area not in taken and others:
                pairs.append((int(area), int(others[0])))
    first, second = np.array(pairs).T
    return first, second


def _of_year(areas: _Areas, generator: np.random.Generator) -> Planted:
    """Let all rates of a year differ a little; the problems stay those that are planted."""
    yearly = generator.normal(size=areas.normal.shape)
    normal = np.sqrt(1 - _YEARLY**2) * areas.normal + _YEARLY * yearly
    return settle(normal, areas.problems, areas.denominators, _FACTORS)


def _count(denominators: Array, rates: Array, generator: np.random.Generator) -> dict[str, npt.NDArray[np.object_]]:
    """Draw the counts of a year; suppress both cells of a share that SCB would not publish."""
    counts: dict[str, npt.NDArray[np.object_]] = {}
    for f, factor in enumerate(_FACTORS):
        denominator = denominators[:, f].astype(int)
        numerator = generator.binomial(denominator, rates[:, f])
        hidden = (denominator <= 20) | (numerator <= 5)
        for part, cells in (("n", numerator), ("d", denominator)):
            counts[f"{factor.key}_{part}"] = np.where(hidden, "..", cells.astype(object))
    return counts


def _kinds(beyond: Array) -> npt.NDArray[np.str_]:
    """Name the kind of need that each area is most like: the one whose first factors are its worst."""
    weight = np.array([[kind.index(key) for key in _KEYS] for kind in _KINDS.values()])
    likeness = (beyond - beyond.mean(axis=1, keepdims=True)) @ (weight.mean() - weight).T
    found: npt.NDArray[np.str_] = np.array(list(_KINDS))[likeness.argmax(axis=1)]
    return found


def _listed(has: npt.NDArray[np.bool_]) -> list[str]:
    """Name the factors of each area, (n_areas, n_factors)."""
    return [" ".join(key for key, own in zip(_KEYS, row, strict=True) if own) for row in has]


def _truth(
    codes: pd.Index, year: int, areas: _Areas, planted: Planted, before: npt.NDArray[np.int64],
    counts: dict[str, npt.NDArray[np.object_]],
) -> pd.DataFrame:  # fmt: skip
    problems = areas.problems.sum(axis=1)
    hidden = np.array([counts[f"{key}_n"] == ".." for key in _KEYS]).T
    move = np.select([problems > before, problems < before], ["worse", "better"], "")
    return pd.DataFrame(
        {
            c.REGSO: codes,
            "year": year,
            "planted_kind": np.where(problems > 0, _kinds(planted.beyond), "no problem"),
            "planted_problems": problems,
            "planted_factors": _listed(areas.problems),
            "suppressed_factors": _listed(hidden),
            "move": move,
            "cause": np.where(move == "", "", "data"),
            c.SYNTHETIC: "yes",
        }
    )


def write_example(folder: str | Path, years: range, seed: int = 0) -> list[Path]:
    """Write factors-<year>.csv for each year and truth.csv into a folder; give the paths written.

    Parameters
    ----------
    folder : made where it is not there
    years : within 2019 to 2030
    seed : another seed, another country

    Returns
    -------
    the paths written

    Raises
    ------
    InputError  a year outside 2019 to 2030; a file of that name exists with other content

    Examples
    --------
    >>> [path.name for path in write_example(folder / "country", range(2024, 2025))]
    ['factors-2024.csv', 'truth.csv']
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
