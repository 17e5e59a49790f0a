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
from sklearn.metrics import adjusted_rand_score

from regso_cluster import FactorTable, Method, classify, load_method, read_factors, write_release
from regso_cluster.compare import compare
from regso_cluster.example import write_example

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


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
        areas = classify(table, method, year=2024).areas
        everything = pd.read_csv(f"{folder}/truth.csv", keep_default_na=False)
        moved, found_moves = planted_moves(Path(folder), method, everything)
    few_draws = replace(method, certainty=None, clusters=replace(method.clusters, resamples=2))
    runs = [shuffled(table, few_draws, seed) for seed in range(20)]
    unstable = int(pd.concat([run.ne(runs[0]) for run in runs], axis=1).any(axis=1).sum())
    truth = everything[everything["year"] == 2024].set_index("regso")
    found, planted = areas["n_problems"], truth["planted_problems"]
    decided = areas["composite_status"] == "decided"
    few = planted.between(1, 2)
    kinds = truth["planted_kind"]
    joined = areas["cluster"].map(pd.crosstab(areas["cluster"][few], kinds[few]).idxmax(axis=1))
    rows = "\n".join(
        f"| at least {least} | {int((planted >= least).sum())} | {int((found >= least).sum())} | {int(((planted >= least) & (found >= least)).sum())} |"
        for least in (1, 3, 5)
    )
    return f"""## The synthetic country of 2024: is what was planted found?

| problems | planted | found | both |
|---|---:|---:|---:|
{rows}

Moves planted from 2019 to 2024: {len(moved):,}. Found with the planted cause: {found_moves:,}. Areas whose cluster changes with the seed (20
seeds, rows shuffled): {unstable} of {len(areas):,}.

Number of problems as planted, among the {int(decided.sum()):,} decided areas: {100 * (found == planted)[decided].mean():.2f} %. Undecided, because a school
figure is suppressed: {int((~decided).sum())}. Clusters against planted kinds of need, adjusted Rand index: {adjusted_rand_score(kinds, areas["cluster"]):.3f}
over all areas, {adjusted_rand_score(kinds[few], joined[few]):.3f} over those with one or two problems, parts of one kind joined. Areas with five or six problems look
alike whatever their kind: they share a cluster by design.
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
        head + "\n".join(part() for part in (english, american, swedish, synthetic, speed)), "utf-8"
    )
