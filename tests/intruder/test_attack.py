"""The intruder on two years of a register: thousands in the internal releases, nothing in those that are published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.commands import load_command
from regso_cluster.exports.comparison import write_comparison
from regso_cluster.exports.export import export
from regso_cluster.factors.small_counts import SCB_RULE
from regso_cluster.intruder.attack import attack
from regso_cluster.page import write_page
from regso_cluster.publishing.write import name_audit
from regso_cluster.release.model import read_release
from regso_cluster.years.compare import compare
from tests.register import RATES, write_register


def write_outputs(releases, folder):
    """Make of releases all that a user can make without a database."""
    folder.mkdir()
    for name in ("r-2024.csv", "r-2024.xlsx", "r-2024.px", "r-2024.json", "r-2024.gpkg", "r-2024.parquet"):
        export(releases[-1], folder / name)
    export(releases[-1], folder / "package-2024" / "datapackage.json")
    comparison = compare(*releases)
    write_comparison(comparison, folder / "comparison")
    write_page(releases, folder / "page.html")
    return folder


def list_known(internal):
    """Give every denominator, and the sums of each kommun: what others may publish."""
    rows = []
    for release in internal:
        own = release.factors[["regso", "factor", "numerator", "denominator"]].dropna()
        own = own[own["denominator"] > 0].set_axis(["code", "factor", "n", "d"], axis=1)
        sums = own.assign(code=own["code"].str[:4]).groupby(["code", "factor"])[["n", "d"]].sum().reset_index()
        rows += [own.assign(n=np.nan, year=release.year), sums.assign(year=release.year)]
    return pd.concat(rows, ignore_index=True)


def count_small(internal):
    return sum(int(SCB_RULE.find(one.factors["numerator"], one.factors["denominator"]).sum()) for one in internal)


def test_the_internal_releases_give_every_small_figure(published):
    found = attack([one.path for one in published.internal])
    assert len(found.read) == count_small(published.internal) > 2000


@pytest.mark.parametrize("name", ["r-2024.csv", "r-2024.px", "r-2024.json", "r-2024.xlsx"])
def test_a_rate_with_all_its_digits_is_a_count(published, tmp_path, name):
    inside = published.internal[-1]
    export(inside, tmp_path / name)
    found = attack([tmp_path / name, inside.path / "method.toml", inside.path / "manifest.json"])
    truth = inside.factors.set_index(["regso", "factor"])
    assert len(found.read) > 50
    for row in found.read[found.read["n"].notna()].itertuples():
        n, d = truth.loc[(row.area, row.factor), ["numerator", "denominator"]]
        assert (row.n, row.d) == (n, d)


def test_nothing_can_be_read_or_worked_out_from_what_is_published(published, tmp_path):
    folder = write_outputs(published.public, tmp_path / "out")
    found = attack([published.folder, folder])
    assert found.files > 40
    assert (len(found.read), len(found.sentences), len(found.worked_out)) == (0, 0, 0)


def test_with_every_denominator_and_the_sums_of_kommuner_no_figure_is_closer_than_promised(published):
    found = attack([published.folder], list_known(published.internal))
    cells = pd.read_parquet(name_audit(published.folder) / "cells.parquet")
    met = found.intervals.merge(cells, on=["year", "area", "factor"])
    small = met[(met["why"] == "under the rule") & ~met["exposed_by_kommun"]]
    assert len(small) > 1500
    assert (met["low"] <= met["numerator"]).all()
    assert (met["high"] >= met["numerator"]).all()
    assert (small["low"] <= np.maximum(0, small["numerator"] - 6)).all()
    assert (small["high"] >= np.minimum(small["denominator"], small["numerator"] + 6)).all()


def test_without_complementary_cells_the_same_intruder_subtracts(published):
    """The test above can fail: one area of a kommun hidden alone is the kommun less the others."""
    known = list_known(published.internal)
    cells = pd.read_parquet(name_audit(published.folder) / "cells.parquet")
    others = cells[(cells["why"] != "under the rule") & (cells["factor"] != "population")]
    told = others.rename(columns={"area": "code", "numerator": "n", "denominator": "d"})[
        ["year", "code", "factor", "n", "d"]
    ]
    kept = known.merge(told[["year", "code", "factor"]], how="left", indicator=True)
    rest = kept[kept["_merge"] == "left_only"].drop(columns="_merge")
    found = attack([published.folder], pd.concat([told, rest], ignore_index=True))
    assert len(found.worked_out) > 100


def test_the_command_counts_and_fails(published):
    command = load_command("publish")
    inside = CliRunner().invoke(command, ["--attack", str(published.internal[0].path)])
    assert inside.exit_code == 1
    assert "figures under the rule" in inside.output
    public = CliRunner().invoke(command, ["--attack", str(published.folder)])
    assert public.exit_code == 0
    assert "0 can be read, 0 worked out, 0 stand in sentences" in public.output


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of dask
def test_from_persons_to_what_is_published(tmp_path):
    """A register of 330,000 persons: counted, classified, published, exported; and then attacked."""
    run, tables = CliRunner(), write_register(tmp_path, range(2023, 2025), persons=98)
    for year, path in tables.items():
        counts = pd.read_csv(path)
        people = counts.loc[counts.index.repeat(counts["population"])].reset_index(drop=True)
        place = people.groupby("regso").cumcount()
        register = pd.DataFrame({"regso": people["regso"]})
        for key in RATES:
            register[f"{key}_in"] = (place < people[f"{key}_d"]).astype(int)
            register[key] = (place < people[f"{key}_n"]).astype(int)
        register.to_parquet(tmp_path / f"persons-{year}.parquet", index=False)
        definition = 'area = "regso"\nsynthetic = true\n' + "".join(
            f'[[factors]]\nkey = "{key}"\ndenominator = [{{ column = "{key}_in", equals = 1 }}]\n'
            f'numerator = [{{ column = "{key}", equals = 1 }}]\n' for key in RATES
        )  # fmt: skip
        (tmp_path / "definition.toml").write_text(definition, "utf-8")
        out = str(tmp_path / f"counted-{year}.csv")
        arguments = ["--definition", str(tmp_path / "definition.toml"), "--edition", "2025", "--out", out]
        assert run.invoke(load_command("count"), [str(tmp_path / f"persons-{year}.parquet"), *arguments]).exit_code == 0
        counted = pd.read_csv(out).set_index("regso")
        assert (counted["kriminalitet_n"] == counts.set_index("regso")["kriminalitet_n"]).all()
        before = ["--previous", str(tmp_path / "2023")] if year == 2024 else []
        arguments = ["--method", "utanforskap", "--year", str(year), "--out", str(tmp_path / str(year)), *before]
        result = run.invoke(load_command("classify"), [out, *arguments])
        assert result.exit_code == 0, result.output
        assert "INTERNAL, not for publication" in result.output
    internal = [read_release(tmp_path / str(year)) for year in tables]
    paths = [str(one.path) for one in internal]
    result = run.invoke(load_command("publish"), [*paths, "--out", str(tmp_path / "public")])
    assert result.exit_code == 0, result.output
    public = [read_release(tmp_path / "public" / str(year), verify=True) for year in tables]
    assert len(attack(paths).read) == count_small(internal) > 10_000
    assert attack([tmp_path / "public", write_outputs(public, tmp_path / "out")]).breaches == 0
