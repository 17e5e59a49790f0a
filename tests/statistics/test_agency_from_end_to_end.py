"""A school table as an agency would have it, all the way: joined, summarised, protected, written, read back."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.exports.export import export_table
from regso_cluster.release.write import write_release
from tests.joining.agencies import WATER, schools

NUMBER, WET = 6000, 9


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("whole") / "2024")


@pytest.fixture(scope="module")
def units():
    """SYNTHETIC units: codes as a spreadsheet mangles them, some places in the water, pupils and how many passed."""
    random = np.random.Generator(np.random.PCG64(7))
    made = schools(NUMBER)
    made.loc[: WET - 1, ["x", "y"]] = WATER["Vänern"]
    mangled = made["regso"].str.removeprefix("0")  # 0114R001 to 114R001
    mangled[::3] += "_RegSO2025"
    mangled[::7] = " " + mangled[::7].str.lower()
    pupils = random.integers(8, 400, NUMBER)
    return made.assign(code=mangled, pupils=pupils, passed=random.binomial(pupils, 0.85))


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(part) for part in arguments])
    assert result.exit_code == code, result.output
    return result


def test_from_a_table_of_schools_to_what_is_published(released, units, tmp_path):
    source = tmp_path / "schools.csv"
    units.drop(columns="regso").to_csv(source, index=False)
    before = source.read_bytes()

    by_code = tmp_path / "by-code.parquet"
    run("join", source, "--release", released.path, "--on", "code", "--out", by_code)
    joined = pd.read_parquet(by_code)
    assert joined["regso_code"].tolist() == units["regso"].tolist()
    assert set(joined["regso_match"]) <= {"matched", "repaired"}
    assert joined["regso_composite_group"].tolist() == pytest.approx(
        released.areas["composite_group"].reindex(units["regso"]).astype(float).tolist(), nan_ok=True
    )

    by_place = tmp_path / "by-place.csv"
    command = ("join", source, "--release", released.path, "--on", "x,y", "--out", by_place)
    assert f"{WET}" in run(*command, code=1).stderr
    assert not by_place.exists()
    run(*command, "--max-unmatched", WET)
    placed = pd.read_csv(by_place, dtype={"regso_code": str})
    assert (placed["regso_match"][:WET] == "in_water").all()
    assert placed["regso_code"][WET:].tolist() == units["regso"][WET:].tolist()
    assert placed["skola"].tolist() == units["skola"].tolist()
    assert source.read_bytes() == before

    summary = tmp_path / "passed.csv"
    run("summarise", by_place, "--release", released.path, "--by", "composite_group", "--value", "passed",
        "--of", "pupils", "--out", summary)  # fmt: skip
    table = pd.read_csv(summary, dtype={"group": str})
    group = released.areas["composite_group"].reindex(units["regso"][WET:])
    for number in (1, 2, 3, 4):
        own = np.flatnonzero((group == number).fillna(False)) + WET
        row = table[(table["grouping"] == "composite_group") & (table["group"].astype(str) == str(number))].iloc[0]
        if not row["hidden"]:
            assert float(row["units"]) == units["pupils"].iloc[own].sum()
            assert float(row["share"]) == pytest.approx(
                100 * units["passed"].iloc[own].sum() / units["pupils"].iloc[own].sum()
            )
    assert not table["hidden"].all()

    published = tmp_path / "by-area.csv"
    run("protect", by_code, "--path", "regso_lan,regso_kommun,regso_code", "--value", "passed", "--of", "pupils",
        "--out", published)  # fmt: skip
    public = pd.read_csv(published)
    few = units.groupby("regso")["pupils"].sum()
    few = few[few <= 20].index
    assert len(few) > 0
    shown = public[public["regso_code"].isin(few)]
    assert len(shown) == len(few)
    assert shown["share"].isna().all()
    assert (tmp_path / "by-area-audit.csv").exists()


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "gpkg"])
def test_the_joined_table_is_read_back_equal(released, units, tmp_path, ending):
    joined = tmp_path / "joined.parquet"
    table = tmp_path / "schools.parquet"
    units.to_parquet(table, index=False)
    run("join", table, "--release", released.path, "--on", "code", "--out", joined)
    frame = pd.read_parquet(joined)
    path = export_table(frame, tmp_path / f"out.{ending}", synthetic=False)
    back = {
        "csv": lambda: pd.read_csv(path, dtype=str, keep_default_na=False),
        "xlsx": lambda: pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl"),
        "parquet": lambda: pd.read_parquet(path),
        "gpkg": lambda: gpd.read_file(path),
    }[ending]()
    assert len(back) == NUMBER
    assert list(back.columns[: len(frame.columns)]) == list(frame.columns)
    for name in ("skola", "regso", "code", "regso_code", "regso_kommun_name"):
        assert back[name].astype(str).tolist() == frame[name].astype(str).tolist(), name
    for name in ("x", "y", "pupils", "passed", "regso_index", "regso_composite_group"):
        number = pd.to_numeric(back[name], errors="coerce").astype(float)
        np.testing.assert_allclose(number, frame[name].astype("Float64").to_numpy(float, na_value=np.nan), rtol=1e-12)
