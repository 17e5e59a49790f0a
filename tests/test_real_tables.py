"""Real Swedish tables, end to end, and the files that are good tests of a reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.editions import code_set
from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.factors.deso import read_deso_key
from regso_cluster.factors.tables import read_factors
from regso_cluster.files.numbers import parse_numbers
from regso_cluster.files.tables import read_table
from regso_cluster.method import load_method
from regso_cluster.release.model import read_release, verify_release
from regso_cluster.studies.reading import Reading
from regso_cluster.studies.series import classify_series, find_tables
from regso_cluster.years.compare import compare

METHODS = Path(__file__).parent / "methods"


@pytest.fixture(scope="module")
def regso_2022(shared):
    method = load_method(METHODS / "deso-2022.toml")
    table = read_factors(shared / "data/regso/regso2020_from_deso_2022.csv", method)
    return classify(table, method, year=2022)


def test_the_real_table_is_read_whole(regso_2022):
    table = regso_2022.table
    assert table.edition == 2020
    assert tuple(table.areas.index) == code_set(2020)
    assert (table.status == "observed").all(axis=None)
    assert table.areas["population"].sum() == 10_521_556  # the official figure for 31 December 2022
    assert table.areas["name"].notna().all()


def test_its_index_agrees_with_the_published_area_types(shared, regso_2022):
    """Three other factors than SCB's: close, not equal. The figures stand in docs/validation.md."""
    published = pd.read_csv(shared / "data/regso/regso2020_omradestyp_2022.csv").set_index("regso_2020")[
        "omradestyp_2022"
    ]
    areas = regso_2022.areas
    spearman = stats.spearmanr(-areas["index"], published.loc[areas.index]).statistic
    assert spearman > 0.8
    confusion = pd.crosstab(published.loc[areas.index], areas["band"].astype(int))
    near = sum(
        confusion.loc[row, column] for row in confusion.index for column in confusion.columns if abs(row - column) <= 1
    )
    assert near / 3363 > 0.97
    worst = areas.index[areas["index_rank"] <= 160]
    assert published.loc[worst].le(2).mean() > 0.95


def test_deso_summed_again_equal_the_table_by_regso(shared):
    counts = load_method(METHODS / "deso-counts.toml")
    key = shared / "data/keys/koppling-deso2018-regso2020.csv"
    table = read_factors(shared / "data/regso/deso2018_indicators_2022_clean.csv", counts, edition=2020, deso_key=key)
    published = pd.read_csv(shared / "data/regso/regso2020_from_deso_2022.csv").set_index("regso_2020").sort_index()
    assert tuple(table.areas.index) == code_set(2020)
    assert (table.numerator["tenure"] == published["dw_rental"]).all()
    assert (table.denominator["tenure"] == published["households"]).all()
    assert (table.numerator["cars"] == published["cars_in_traffic"]).all()
    assert (table.areas["population"] == published["pop_total"]).all()
    assert "5984 DeSO summed to 3363 RegSO through koppling-deso2018-regso2020.csv" in table.notes


def test_six_real_factors_of_the_cities(shared):
    method = load_method(METHODS / "cities.toml")
    table = read_factors(shared / "data/regso/factors_cities.csv", method, edition=2025)
    result = classify(table, method, year=2024)
    areas = result.areas
    assert tuple(areas.index) == code_set(2025)
    inside = table.value["unemployment"].notna()
    assert inside.sum() == 721
    assert table.status["school"][inside].eq("missing").sum() == 299
    assert areas["composite_group"][~inside].isna().all()
    assert areas["composite_status"][table.status["school"].eq("observed")].eq("decided").all()
    assert areas["composite_status"][inside].eq("decided").mean() > 0.6
    undecided = areas[inside & areas["composite_status"].eq("undecided").to_numpy()]
    assert undecided["composite_reason"].str.contains("school missing").all()
    # the police's list is made by other means: most of its areas in particular need are among those with problems
    police = pd.read_csv(shared / "data/regso/factors_cities.csv").set_index("regso_code")["polisen_sarskilt_pct_2025"]
    named = police.index[police > 50]
    assert len(named) > 5
    assert areas.loc[named, "n_problems"].ge(1).mean() > 0.6
    published = pd.read_csv(shared / "data/regso/factors_cities.csv").set_index("regso_code")["socio_2024"]
    assert stats.spearmanr(areas.loc[published.index, "index"], published).statistic > 0.9


@pytest.mark.thorough
def test_a_real_series_with_the_names_of_its_key(shared, tmp_path):
    """Four years in one command: official populations, names of RegSO 2020 from the key, every move with a cause."""
    figures = pd.read_csv(shared / "data/regso/regso2020_2020_2023.csv")
    crimes = pd.read_csv(shared / "data/regso/regso2020_reported_crimes_2020_2023.csv").drop(columns="population")
    every = figures.merge(crimes, on=["regso_2020", "year"])
    every["dw_all"] = every.filter(like="dw_").sum(axis=1)
    every["born_abroad"] = every["population"] - every["born_sweden"]
    (tmp_path / "tables").mkdir()
    for year, table in every.groupby("year"):
        table.to_csv(tmp_path / f"tables/open-{year}.csv", index=False)
    key = shared / "data/keys/koppling-deso2018-regso2020.csv"
    tables, others = find_tables(tmp_path / "tables")
    assert not others
    method = load_method(METHODS / "open-series.toml")
    made = classify_series(tables, method, tmp_path / "out", reading=Reading(names=key))
    assert [one.what for one in made] == ["written"] * 4
    official = {2020: 10_379_295, 2021: 10_452_326, 2022: 10_521_556, 2023: 10_551_707}  # SCB, 31 December
    names = pd.read_csv(key).drop_duplicates("RegSOkod_2020").set_index("RegSOkod_2020")["RegSO_2020"]
    for one in made:
        release = read_release(one.path)
        assert verify_release(one.path) == []
        assert release.areas["population"].sum() == official[one.year]
        assert release.areas["name"].tolist() == names.loc[release.areas.index].tolist()
        assert release.areas["composite_status"].eq("decided").all()
    moved = compare(read_release(made[0].path), read_release(made[-1].path)).moves
    assert moved["cause"].notna().all()


class TestReader:
    """Each file that is called a good test of a reader is read right, or refused with a useful message."""

    def test_a_database_export_with_names_and_a_long_footer(self, shared):
        path = shared / "data/regso/regso_omradestyp_2022_scb_export_raw.csv"
        raw = read_table(path)
        assert len(raw.frame) == 3363
        assert raw.frame.iloc[0, 0] == "Upplands Väsby (Bollstanäs)"
        assert any("lines of footer left out, from row 3366" in note for note in raw.notes)
        types = parse_numbers(raw.frame["2022"], (), ()).values
        assert np.bincount(types.astype(int)).tolist() == [0, 160, 289, 855, 1770, 289]

    def test_its_names_are_refused_as_codes(self, shared, tmp_path):
        method = (METHODS / "deso-2022.toml").read_text("utf-8")
        for old, new in (
            ('"regso_2020"', '""'),
            ('"share_pregymnasial"', '"2022"'),
            ('unit = "share"', 'unit = "score"'),
        ):
            method = method.replace(old, new)
        lines = method[: method.index('[[factors]]\nkey = "income"')].replace(
            'name = "regsonamn"\npopulation = "pop_total"\n', ""
        )
        (tmp_path / "m.toml").write_text(lines + '[index]\nscale = { kind = "z" }\n', "utf-8")
        with pytest.raises(InputError, match="names instead of codes") as refused:
            read_factors(
                shared / "data/regso/regso_omradestyp_2022_scb_export_raw.csv",
                load_method(tmp_path / "m.toml"),
            )
        assert "never on the name" in refused.value.faults[0].hint

    def test_a_key_by_names_is_refused(self, shared):
        with pytest.raises(InputError, match="no column of RegSO codes") as refused:
            read_deso_key(shared / "data/keys/kopplingstabell-deso-regso-20210702.csv")
        assert "'DeSO', 'RegSO'" in refused.value.faults[0].got
        raw = read_table(shared / "data/keys/kopplingstabell-deso-regso-20210702.csv")
        assert len(raw.frame) == 5984
        assert list(raw.frame.columns) == ["bro", "Kommunnamn", "DeSO", "RegSO"]

    def test_the_complete_key_with_a_byte_order_mark(self, shared):
        key = read_deso_key(shared / "data/keys/koppling-deso2018-regso2020.csv")
        assert len(key) == 5984
        assert tuple(sorted(set(key))) == code_set(2020)

    def test_pxweb_output_with_suffixed_codes(self, shared):
        raw = read_table(shared / "data/regso/folkmangd_deso_2024_dalarna_raw.csv")
        parsed = parse_codes(raw.frame["Region"], "deso")
        assert len(raw.frame) == 875
        assert parsed.codes.nunique() == 175
        assert parsed.editions == (2025,)
        assert len(parsed.refused) == 0
        assert parse_numbers(raw.frame["000007Y7 2024"], (), ()).values[0] == 1402

    @pytest.mark.parametrize(
        ("name", "columns"), [("age", 19), ("education", 6), ("households", 2), ("housing", 5), ("income", 4)]
    )
    def test_exports_with_stray_columns(self, shared, name, columns):
        raw = read_table(shared / f"data/regso/deso2018_{name}_raw.csv")
        assert raw.frame.shape == (5984, columns)
        assert parse_codes(raw.frame["deso"], "deso").codes.notna().all()

    def test_the_raw_and_the_clean_tables_agree(self, shared):
        clean = pd.read_csv(shared / "data/regso/deso2018_indicators_2022_clean.csv").set_index("deso_2018")[
            "households"
        ]
        raw = read_table(shared / "data/regso/deso2018_households_raw.csv").frame.set_index("deso")["total_households"]
        assert (parse_numbers(raw, (), ()).values == clean.loc[raw.index]).all()
