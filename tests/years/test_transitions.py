from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from regso_cluster.areas.crosswalk import build_crosswalk
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import parse_method
from regso_cluster.years.align import align, move_table
from regso_cluster.years.transitions import count_flows, list_moves, measure_drift, measure_mobility, transition_table

CODES = list("abcdefgh")


def groups(*numbers):
    return pd.Series(pd.array(numbers, dtype="Int8"), index=CODES[: len(numbers)])


OLD, NEW = groups(1, 1, 1, 2, 2, 3, None, None), groups(1, 1, 2, 2, 1, None, 3, None)


def test_transitions_by_hand():
    table = transition_table(OLD, NEW, pd.Series([10.0, 20, 30, 40, 50, 60, 70, np.nan], index=CODES))
    rows = [tuple(None if pd.isna(cell) else cell for cell in row) for row in table.itertuples(index=False)]
    assert rows == [
        (1, 1, 2, 30), (1, 2, 1, 30), (2, 1, 1, 50), (2, 2, 1, 40), (3, None, 1, 60), (None, 3, 1, 70),
        (None, None, 1, 0),
    ]  # fmt: skip
    assert table["areas"].sum() == 8


def test_lists_by_hand():
    lists = list_moves(OLD, NEW)
    one = lists[lists["group"] == 1]
    assert one[["area", "move"]].to_records(index=False).tolist() == [
        ("e", "entered"), ("c", "left"), ("a", "stayed"), ("b", "stayed"),
    ]  # fmt: skip
    assert one["other"].tolist() == [2, 2, 1, 1]
    three = lists[lists["group"] == 3][["area", "move"]]
    assert three.to_records(index=False).tolist() == [("g", "entered"), ("f", "left")]
    assert lists[(lists["group"] == 3) & (lists["move"] == "entered")]["other"].isna().all()


def test_mobility_by_hand():
    # of three in group 1 two stay; of two in group 2 one stays: P = [[2/3, 1/3], [1/2, 1/2]]
    mobility = measure_mobility(transition_table(OLD.iloc[:5], NEW.iloc[:5]))
    assert mobility.groups == (1, 2)
    assert mobility.probabilities.ravel().tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 2, 1 / 2])
    assert mobility.years_in_group.tolist() == pytest.approx([3, 2])
    # from one year to the fifth after it: who leaves within five years one time in two stays ten years
    far = measure_mobility(transition_table(OLD.iloc[:5], NEW.iloc[:5]), years=5)
    assert far.years_in_group.tolist() == pytest.approx([15, 10])
    assert far.persistence.tolist() == mobility.persistence.tolist()
    # a revision of the same year says nothing of time
    assert np.isnan(measure_mobility(transition_table(OLD.iloc[:5], NEW.iloc[:5]), years=0).years_in_group).all()
    assert mobility.mobility == pytest.approx(2 - 7 / 6)
    # p1 / 3 = p2 / 2 and p1 + p2 = 1
    assert mobility.steady_state.tolist() == pytest.approx([0.6, 0.4])
    power = np.linalg.matrix_power(mobility.probabilities, 200)  # a second opinion
    assert power[0].tolist() == pytest.approx(mobility.steady_state.tolist())


def test_mobility_weighs_by_residents_where_asked():
    table = transition_table(OLD.iloc[:3], NEW.iloc[:3], pd.Series([10.0, 20, 70], index=CODES[:3]))
    assert measure_mobility(table, "residents").persistence[0] == pytest.approx(0.3)
    assert measure_mobility(table).persistence[0] == pytest.approx(2 / 3)


def test_a_chain_without_one_steady_state_has_none():
    still = measure_mobility(transition_table(OLD.iloc[:4], OLD.iloc[:4]))
    assert still.mobility == 0
    assert np.isinf(still.years_in_group).all()
    assert np.isnan(still.steady_state).all()  # every distribution is steady
    entered = measure_mobility(transition_table(groups(1, 1), groups(1, 2)))  # nobody began in 2
    assert np.isnan(entered.probabilities[1]).all()


def test_flows_over_three_years():
    flows = count_flows({2022: groups(1, 1, 2), 2020: groups(1, 1, 1), 2021: groups(1, 1, 2, 3)})
    rows = [tuple(None if pd.isna(cell) else cell for cell in row) for row in flows.itertuples(index=False)]
    assert rows == [(1, 1, 1, 2, 0, 0), (1, 2, 2, 1, 0, 1), (None, 3, None, 1, 0, 2)]
    assert list(flows.columns) == ["2020", "2021", "2022", "areas", "residents", "moves"]


def test_drift_by_hand():
    old = pd.DataFrame({"a": [1.0, 2, 3, np.nan, 9], "b": [1.0, 1, 1, 1, 1]})
    drift = measure_drift(old, old.assign(a=[3.0, 4, 5, 7, np.nan])).set_index("factor")
    assert drift.loc["a", ["areas", "lost", "gained"]].tolist() == [3, 1, 1]
    assert drift.loc["a", ["mean_old", "mean_new", "wasserstein", "correlation"]].tolist() == pytest.approx(
        [2, 4, 2, 1]
    )
    assert drift.loc["a", "ks"] == pytest.approx(2 / 3)
    assert drift.loc["b", ["wasserstein", "ks"]].tolist() == [0, 0]
    assert np.isnan(drift.loc["b", "correlation"])


def test_alignment_says_what_it_did_not_check():
    aligned = align(pd.Index(["a", "b"]), pd.Index(["c", "b"]), (2020, 2025))
    assert (list(aligned.shared), aligned.only_old, aligned.only_new) == (["b"], ("a",), ("c",))
    assert "borders were not checked" in aligned.notes[0]
    known = align(pd.Index(["a", "b"]), pd.Index(["a", "b"]), (2020, 2025), {"a", "x"})
    assert known.changed == {"a"}
    assert "1 shared code has other borders" in known.notes[0]
    assert align(pd.Index(["a"]), pd.Index(["a"]), (2025, 2025)).notes == ()


def test_published_area_types_of_two_years(shared):
    """SCB's types of 2022 and 2023 for 721 areas: the table is right to the area, counted another way."""
    types = pd.read_csv(shared / "data/regso/factors_cities.csv", dtype={"regso_code": str}).set_index("regso_code")
    old, new = types["omradestyp_2022"].astype("Int64"), types["omradestyp_2023"].astype("Int64")
    table = transition_table(old, new)
    assert table["areas"].sum() == len(types) == 721
    counted = pd.crosstab(old.fillna(0).to_numpy(), new.fillna(0).to_numpy())
    for row in table.fillna({"old": 0, "new": 0}).itertuples(index=False):
        assert counted.loc[row.old, row.new] == row.areas
    assert len(table) == (counted > 0).sum().sum()
    changed = int((old.fillna(0) != new.fillna(0)).sum())
    lists = list_moves(old, new)
    assert (lists["move"] == "stayed").sum() == 721 - changed - (old.isna() & new.isna()).sum()


def test_a_table_is_moved_by_its_counts(tmp_path):
    """Area A is divided 3:1 between P and Q, B goes to Q whole: counts are moved, rates follow from them."""
    frame = pd.DataFrame(
        {"code": ["A", "B"], "population": [400, 100], "n": [40, 50], "d": [200, 50], "v": ["..", "1"]}
    )
    text = 'name = "moved"\ntitle = { sv = "", en = "" }\ndescription = { sv = "", en = "" }\n' + "\n".join([
        '[table]\nareas = "own"\ncode = "code"\npopulation = "population"',
        *(
            f'[[factors]]\nkey = "{key}"\nname = {{ sv = "", en = "" }}\nnumerator = "{column}"\ndenominator = "d"\n'
            'unit = "per cent"\nworse = "high"'
            for key, column in (("f", "n"), ("g", "v"))
        ),
        '[index]\nscale = { kind = "z" }',
    ])  # fmt: skip
    using = parse_method(text)
    frame.to_csv(tmp_path / "t.csv", index=False)
    squares = {"A": box(0, 0, 4, 1), "B": box(4, 0, 5, 1), "P": box(0, 0, 3, 1), "Q": box(3, 0, 5, 1)}

    def layer(*names):
        return geopandas.GeoDataFrame({"regso": names}, geometry=[squares[name] for name in names], crs="EPSG:3006")

    crosswalk = build_crosswalk(layer("A", "B"), layer("P", "Q"))
    table = read_factors(tmp_path / "t.csv", using)
    moved = move_table(table, crosswalk, using, None)
    assert moved.areas["population"].to_dict() == pytest.approx({"P": 300, "Q": 200})
    # P: 30 of 150; Q: 10 + 50 of 50 + 50
    assert moved.value["f"].to_dict() == pytest.approx({"P": 20, "Q": 60})
    assert moved.numerator["f"].sum() == pytest.approx(90)
    assert moved.status["g"].tolist() == ["suppressed", "suppressed"]
    assert moved.areas["status"].tolist() == ["suppressed", "suppressed"]
    rates = parse_method(text.replace('numerator = "n"\ndenominator = "d"', 'value = "n"'))
    with pytest.raises(InputError, match="a rate cannot be moved"):
        move_table(table, crosswalk, rates, None)
