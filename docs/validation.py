"""Write docs/validation.md: what the package gives where the right answer is known.

Needs the official tables beside the repository, in ../shared/data; see tests/test_published.py for the same as tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from regso_cluster import FactorTable, Method, classify, load_method, read_factors, write_release
from regso_cluster.example.country import write_example
from regso_cluster.years.compare import compare

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


def area_types() -> str:
    """Compare SCB's index and area types with those of the open part of its inputs."""
    method = load_method("socioekonomiskt-index")
    path = DATA / "regso/socioekonomiskt_index_2022_open_inputs.csv"
    areas = classify(read_factors(path, method), method, year=2022).areas
    published = pd.read_csv(DATA / "regso/regso2020_omradestyp_2022.csv").set_index("regso_2020")["omradestyp_2022"]
    published, ours = published.loc[areas.index], areas["band"].astype(int)
    confusion = pd.crosstab(published, ours)
    index, same = areas["index"], ours == published
    cuts = index.mean() + index.std(ddof=0) * np.array([2, 1, 0, -1])
    distance = np.abs(index.to_numpy()[:, None] - cuts).min(axis=1)
    rows = "\n".join(
        f"| type {row} | {' | '.join(f'{cell:,}' for cell in confusion.loc[row])} | {confusion.loc[row].sum():,} |"
        for row in confusion.index
    )
    return f"""## SCB's socio-economic area types 2022 (`socioekonomiskt-index`)

The three shares of SCB's index as far as they are open, by RegSO 2020 (SCB, CC0): low economic standard, whole per cent as SCB's own input is
published; at most nine years of school, here of 25 to 64 years (SCB: 20 to 64); unemployed of 16 to 64 years (SCB: assistance or long
unemployment, 20 to 64). The method is the built-in one, unchanged.

Same type as published: **{int(same.sum()):,} of {len(areas):,} areas ({100 * same.mean():.1f} %)**; more than one type apart: {int((np.abs(ours - published) > 1).sum())}. Of the
{int((~same).sum())} others {100 * (distance[~same] < 0.6).mean():.0f} % lie within 0.6 points of a cut: the two shares that are not SCB's own move them over it.

| published \\ ours | {" | ".join(f"type {column}" for column in confusion)} | published |
|---|{"---:|" * (confusion.shape[1] + 1)}
{rows}
| ours | {" | ".join(f"{cell:,}" for cell in confusion.sum())} | {len(areas):,} |
"""


def english() -> str:
    path, method = DATA / "foreign/imd2025_england_lsoa21.parquet", load_method("imd-2025")
    areas = classify(read_factors(path, method), method, year=2025).areas
    published = pd.read_parquet(path).set_index("lsoa21_code").sort_index()
    return f"""## English Indices of Deprivation 2025 (`imd-2025`)

From the seven published domain ranks of {len(areas):,} LSOAs (MHCLG, OGL v3).

| | recomputed against published |
|---|---|
| score, largest difference | {(areas["index"] - published["IMD_score"]).abs().max():.5f} (published with three decimals) |
| ranks equal | {100 * (areas["index_rank"] == published["IMD_rank"]).mean():.2f} % |
| deciles equal | {100 * (areas["band"] == published["IMD_decile"]).mean():.2f} % |
"""


def american() -> str:
    lines = []
    method = load_method("svi-2022")
    for year in (2020, 2022):
        path = DATA / f"foreign/{year}svi_pa_co_cdc.csv"
        areas = classify(read_factors(path, method), method, year=year).areas
        published = pd.read_csv(path, encoding="utf-8-sig", dtype={"FIPS": str}).set_index("FIPS").sort_index()
        pairs = {f"EPL_{key.upper()}": areas[f"{key}_score"] for key in method.keys}
        for number, theme in enumerate(method.index.themes if method.index else (), start=1):
            pairs[f"SPL_THEME{number}"] = areas[f"{theme.key}_index"]
            pairs[f"RPL_THEME{number}"] = areas[f"{theme.key}_percent_rank"]
        pairs |= {"SPL_THEMES": areas["index"], "RPL_THEMES": areas["index_percent_rank"]}
        same = sum(int((ours.round(4) == published[column]).sum()) for column, ours in pairs.items())
        lines.append(f"| {year} | {len(pairs)} | {len(areas)} | {same:,} of {len(pairs) * len(areas):,} |")
    return f"""## CDC/ATSDR Social Vulnerability Index (`svi-2022`)

Counties of Pennsylvania, public domain; equal to the four printed decimals.

| year | columns (EPL, SPL, RPL) | counties | equal cells |
|---|---:|---:|---:|
{chr(10).join(lines)}
"""


def swedish() -> str:
    method = load_method(ROOT / "tests/methods/deso-2022.toml")
    areas = classify(read_factors(DATA / "regso/regso2020_from_deso_2022.csv", method), method, year=2022).areas
    types = pd.read_csv(DATA / "regso/regso2020_omradestyp_2022.csv").set_index("regso_2020")["omradestyp_2022"]
    types = types.loc[areas.index]
    spearman = stats.spearmanr(-areas["index"], types).statistic
    confusion = pd.crosstab(types, areas["band"].astype(int))
    near = sum(confusion.loc[row, column] for row in confusion.index for column in confusion if abs(row - column) <= 1)
    equal = sum(confusion.loc[row, row] for row in confusion.index)
    rows = "\n".join(
        f"| type {row} | {' | '.join(f'{cell:,}' for cell in confusion.loc[row])} |" for row in confusion.index
    )
    cities = load_method(ROOT / "tests/methods/cities.toml")
    found = classify(read_factors(DATA / "regso/factors_cities.csv", cities, edition=2025), cities, year=2024).areas
    socio = pd.read_csv(DATA / "regso/factors_cities.csv").set_index("regso_code")["socio_2024"]
    inside = found.loc[socio.index]
    return f"""## Schooling, income and tenure by RegSO 2022, against SCB's area types

SCB's types rest on three other shares than these three factors (`tests/methods/deso-2022.toml`, bands at the same distances in SD): close is right,
equal would be chance. Areas of edition 2020, SCB, CC0.

Spearman's correlation of the index with the published type: **{spearman:.3f}**. In the same of five groups: {100 * equal / len(areas):.1f} %; at most one
apart: {100 * near / len(areas):.1f} %.

| published \\ ours | {" | ".join(f"band {column}" for column in confusion)} |
|---|{"---:|" * confusion.shape[1]}
{rows}

## Six real factors of {len(socio)} areas in larger kommuner

Benefits, unemployment, low income, school, employment and housing benefit through limits like those of `utanforskap`
(`tests/methods/cities.toml`). School results are suppressed or absent in {int(inside["school_value"].isna().sum())} areas; where they are, an area with no other problem
stays undecided.

| | |
|---|---:|
| Spearman's correlation of the index with SCB's socio-economic index 2024 | {stats.spearmanr(inside["index"], socio).statistic:.3f} |
| areas with at least one / three / five problems | {" / ".join(str(int((inside["n_problems"] >= least).sum())) for least in (1, 3, 5))} |
| decided / undecided | {(inside["composite_status"] == "decided").sum()} / {(inside["composite_status"] == "undecided").sum()} |
"""


def shuffled(table: FactorTable, method: Method, seed: int) -> pd.Series:
    """The clusters with another seed and rows in another order."""
    order = np.random.default_rng(seed).permutation(len(table.areas))
    parts = ("areas", "numerator", "denominator", "value", "status")
    table = replace(table, **{name: getattr(table, name).iloc[order] for name in parts})
    return classify(table, method, year=2024, seed=seed).areas["cluster"].sort_index()


def planted_moves(folder: Path, method: Method, truth: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The planted moves, and how many of them a comparison finds with the planted cause."""
    method = replace(method, certainty=None, clusters=None, tiers=None)
    releases = [
        write_release(classify(read_factors(folder / f"factors-{year}.csv", method, year=year), method, year=year),
                      folder / f"r{year}")
        for year in range(2019, 2025)
    ]  # fmt: skip
    moved, found = truth[(truth["move"] != "") & (truth["year"] > 2019)], 0
    for old, new in pairwise(releases):
        moves = compare(old, new).moves.set_index("area")
        own = moved[moved["year"] == new.year].set_index("regso")
        found += int((moves["cause"].reindex(own.index) == own["cause"]).sum())
    return moved, found


def synthetic() -> str:
    method = load_method("utanforskap")
    with tempfile.TemporaryDirectory() as folder:
        write_example(folder, range(2019, 2025))
        table = read_factors(f"{folder}/factors-2024.csv", method, year=2024)
        result = classify(table, method, year=2024)
        areas, figures = result.areas, result.figures["certainty"]
        everything = pd.read_csv(f"{folder}/truth.csv", keep_default_na=False)
        moved, found_moves = planted_moves(Path(folder), method, everything)
    few_draws = replace(method, certainty=None, clusters=replace(method.clusters, resamples=2))
    runs = [shuffled(table, few_draws, seed) for seed in range(20)]
    unstable = int(pd.concat([run.ne(runs[0]) for run in runs], axis=1).any(axis=1).sum())
    truth = everything[everything["year"] == 2024].set_index("regso")
    found, planted = areas["n_problems"], truth["planted_problems"]
    decided = areas["composite_status"] == "decided"
    stated = [
        next(one for one in figures["lists"] if one["list"] == "composite_list" and one["group"] == group)
        for group in (3, 2, 1)
    ]
    rows = "\n".join(
        f"| at least {least} | {int((planted >= least).sum())} | {int((found >= least).sum())} "
        f"| {int(((planted >= least) & (found >= least)).sum())} | {one['expected']:.0f} ({one['low']:.0f} to {one['high']:.0f}) |"
        for least, one in zip((1, 3, 5), stated, strict=True)
    )
    return f"""## The synthetic country of 2024: is what was planted found?

Planted problems are true rates beyond a limit; counts are drawn from the true rates, and no list made of counts can hold exactly the planted areas.
*Expected*: how many areas the release itself says there are in truth, with its 90 % interval. The shape of the factors is that of real ones:
`src/regso_cluster/example.py` has the figures of both.

| problems | planted | counted | both | expected |
|---|---:|---:|---:|---:|
{rows}

Moves planted from 2019 to 2024: {len(moved):,}. Found with the planted cause: {found_moves:,}. Areas whose cluster changes with the seed (20
seeds, rows shuffled): {unstable} of {len(areas):,}.

Number of problems as planted, among the {int(decided.sum()):,} decided areas: {100 * (found == planted)[decided].mean():.2f} %. Undecided, because a
figure is suppressed: {int((~decided).sum())}. With one hump a factor there are no separate types to be found, and the release says so of its six clusters.
"""


def speed() -> str:
    command = [sys.executable, "-m", "regso_cluster"]
    with tempfile.TemporaryDirectory() as folder:
        tables, releases = Path(folder, "tables"), Path(folder, "releases")
        common = ["--method", "utanforskap"]
        runs = {
            "`regso-cluster --help`": ["--help"],
            "`regso-cluster example --years 2023-2024`": ["example", str(tables), "--years", "2023-2024"],
            "`regso-cluster classify`, 2023": ["classify", str(tables / "factors-2023.csv"), *common, "--year", "2023",
                                               "--out", str(releases / "2023")],
            "`regso-cluster classify`, 2024, with `--previous`": [
                "classify", str(tables / "factors-2024.csv"), *common, "--year", "2024", "--out", str(releases / "2024"),
                "--previous", str(releases / "2023")],
        }  # fmt: skip
        six = Path(folder, "six")
        runs |= {
            "`regso-cluster classify --all-years`, 2019-2024": [
                "classify", str(six / "tables"), "--all-years", *common, "--out", str(six / "releases")],
            "`regso-cluster compare`, each of the five pairs of years, in all": None,
        }  # fmt: skip
        subprocess.run(
            [*command, "example", str(six / "tables"), "--years", "2019-2024"], check=True, capture_output=True
        )
        rows = []
        for name, arguments in runs.items():
            start = time.perf_counter()
            pairs = [[str(six / "releases" / str(year + part)) for part in (0, 1)] for year in range(2019, 2024)]
            for one in (
                [arguments] if arguments else [["compare", *pair, "--out", f"{pair[1]}.changes"] for pair in pairs]
            ):
                subprocess.run([*command, *one], check=True, capture_output=True)
            rows.append(f"| {name} | {time.perf_counter() - start:.2f} |")
    return f"""## How long it takes

What `make classify` runs after installation, and the help; each in a fresh process, kernels compiled before, {os.cpu_count()} cores. The first run on a
machine compiles the kernels, which adds half a minute at most. Six years of 3,363 areas are classified, anchored and compared in the sum of the
last two rows.

| | seconds |
|---|---:|
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    head = """# What was measured

Written by `docs/validation.py`. Published results are the judge; the same checks stand in the tests.

"""
    (ROOT / "docs/validation.md").write_text(
        head + "\n".join(part() for part in (area_types, english, american, swedish, synthetic, speed)), "utf-8"
    )
