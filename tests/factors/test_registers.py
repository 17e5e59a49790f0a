from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.areas.editions import code_set
from regso_cluster.errors import InputError
from regso_cluster.factors.register_definition import Condition, load_definition
from regso_cluster.factors.registers import Counts, _holds, count_persons, write_counts
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import parse_method
from tests.tables import METHOD, writes_views

pytest.importorskip("dask.dataframe", reason="needs regso-cluster[dask]")
# dask itself still says inplace=True, which pandas 3.1 warns of
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

DEFINITION = """
area = "regso"
year = "year"
synthetic = true

[[factors]]
key = "poor"
denominator = [{ column = "age", at_least = 20, at_most = 64 }]
numerator = [{ column = "assistance", above = 0 }]

[[factors]]
key = "rented"
numerator = [{ column = "tenure", is_in = ["rental", "sublet"] }]
"""
A, B, C = code_set(2025)[:3]
# by hand, year 2024: in A ages 19, 20, 64, 65, 40: poor_d 3 of whom the one of 40 is unknown -> 2, poor_n 1 (the one
# of 64); rented 2 of 5. In B one person of 30, assistance 0: 0 of 1; tenure missing: unknown. One person without area
PERSONS = pd.DataFrame({
    "regso": [A, A, A, A, A, B, None, A],
    "year": [2024] * 7 + [2023],
    "age": [19, 20, 64, 65, 40, 30, 30, 30],
    "assistance": [9.0, 0.0, 100.0, 50.0, None, 0.0, 5.0, 5.0],
    "tenure": ["rental", "owned", "sublet", "owned", "owned", None, "rental", "rental"],
    "income": [1.0] * 8,
})  # fmt: skip


def register(folder, persons=PERSONS, parts=3):
    """Write persons to a few files."""
    folder.mkdir(exist_ok=True)
    for number, rows in enumerate(np.array_split(np.arange(len(persons)), parts)):
        persons.iloc[rows].to_parquet(folder / f"{number}.parquet", index=False)
    return folder


@pytest.fixture
def definition(tmp_path):
    (tmp_path / "d.toml").write_text(DEFINITION, "utf-8")
    return load_definition(tmp_path / "d.toml")


def test_counts_by_hand(tmp_path, definition):
    found = count_persons(register(tmp_path / "p"), definition, year=2024)
    rows = found.table.set_index("regso")
    assert rows.loc[A].tolist() == [5, 1, 2, 2, 5, "yes"]
    assert rows.loc[B].tolist() == [1, 0, 1, 0, 0, "yes"]
    assert list(rows.columns) == ["population", "poor_n", "poor_d", "rented_n", "rented_d", "synthetic"]
    assert len(rows) == 2
    assert (found.persons, found.nowhere, found.unknown) == (7, 1, {"poor": 1, "rented": 1})


def test_every_area_of_the_edition_has_a_row_and_classify_reads_it(tmp_path, definition):
    found = count_persons(register(tmp_path / "p"), definition, year=2024, edition=2025, threads=1)
    assert found.table["regso"].tolist() == list(code_set(2025))
    assert found.table.set_index("regso").loc[C, ["population", "poor_d"]].tolist() == [0, 0]
    path = write_counts(found, tmp_path / "counts.csv")
    text = METHOD.replace('value = "voted_pct"', 'numerator = "rented_n"\ndenominator = "rented_d"')
    table = read_factors(path, parse_method(text), edition=2025)
    assert table.value.loc[A].tolist() == [50.0, 40.0]
    assert table.synthetic
    with pytest.raises(InputError, match="Choose another"):
        write_counts(found, path)


def test_folders_partitioned_by_year_and_several_sources(tmp_path, definition):
    for year, rows in PERSONS.groupby("year"):
        (tmp_path / "p" / f"year={year}").mkdir(parents=True)
        rows.drop(columns="year").to_parquet(tmp_path / "p" / f"year={year}" / "a.parquet", index=False)
    whole = count_persons(register(tmp_path / "q"), definition, year=2024)
    assert count_persons(tmp_path / "p", definition, year=2024).table.equals(whole.table)
    files = sorted((tmp_path / "q").iterdir())
    assert count_persons(files, definition, year=2024).table.equals(whole.table)


def test_deso_is_counted_as_it_stands(tmp_path, definition):
    persons = PERSONS.assign(regso=["0114A0010"] * 5 + ["0114A0020", None, "0114A0010"])
    found = count_persons(register(tmp_path / "p", persons), definition, year=2024)
    assert found.table["regso"].tolist() == ["0114A0010", "0114A0020"]


def test_codes_in_other_spellings_are_one_area(tmp_path, definition):
    persons = PERSONS.assign(regso=[A, A.lower(), f"{A}_RegSO2025", f" {A}", A, B, None, A])
    found = count_persons(register(tmp_path / "p", persons), definition, year=2024)
    assert found.table.set_index("regso")["population"].tolist() == [5, 1]


@given(st.lists(st.tuples(st.sampled_from([A, B, C, None]), st.integers(0, 99) | st.none(), st.booleans()), min_size=1))
def test_any_register_counts_as_a_loop_does(rows):
    frame = pd.DataFrame(rows, columns=["regso", "age", "benefit"])
    age = pd.array(frame["age"], dtype="Int64")
    part = frame.assign(age=age)
    holds = _holds(part, (Condition("age", at_least=20, below=65), Condition("benefit", equals=True)))
    assert holds.tolist() == [age is not None and 20 <= age < 65 and benefit for _, age, benefit in rows]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [({"at_least": 2.0}, [False, True, True]), ({"above": 2.0}, [False, False, True]),
     ({"at_most": 2.0}, [True, True, False]), ({"below": 2.0}, [True, False, False]),
     ({"equals": 2}, [False, True, False]), ({"is_in": (1, 3)}, [True, False, True]),
     ({"above": 1.0, "below": 3.0}, [False, True, False])],
)  # fmt: skip
def test_conditions_at_their_bounds(condition, holds):
    assert _holds(pd.DataFrame({"x": [1, 2, 3]}), (Condition("x", **condition),)).tolist() == holds


def test_files_are_named_as_they_were_given(tmp_path, definition):
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for file in files:
        PERSONS.assign(regso="nowhere").to_parquet(file, index=False)
    with pytest.raises(InputError) as refused:
        count_persons(tuple(files), definition, year=2024)
    assert str(refused.value).startswith(f"{files[0]}, {files[1]}, column regso: ")


def test_rows_without_a_year_are_told(tmp_path, definition):
    # the first two of A have none: of 2024 three persons of A, one of B and one without an area are left
    years = pd.array([None, None, 2024, 2024, 2024, 2024, 2024, 2023], dtype="Int64")
    found = count_persons(register(tmp_path / "p", PERSONS.assign(year=years)), definition, year=2024)
    assert (found.persons, found.undated) == (5, 2)
    for year, rows in (("2024", PERSONS[2:7]), ("__HIVE_DEFAULT_PARTITION__", PERSONS[:2])):
        (tmp_path / "q" / f"year={year}").mkdir(parents=True)
        rows.drop(columns="year").to_parquet(tmp_path / "q" / f"year={year}" / "a.parquet", index=False)
    parted = count_persons(tmp_path / "q", definition, year=2024)
    assert (parted.persons, parted.undated) == (5, 2)
    assert parted.table.equals(found.table)
    assert count_persons(register(tmp_path / "r"), definition, year=2024).undated == 0


@pytest.mark.parametrize("kind", ["float64", "Float64"])
def test_infinite_numbers_are_refused_not_counted_as_above_any_bound(tmp_path, definition, kind):
    persons = PERSONS.assign(assistance=PERSONS["assistance"].replace(100.0, np.inf).astype(kind))
    with pytest.raises(InputError, match=r"p, column assistance: infinite numbers .*, got 1 in one part.*Correct"):
        count_persons(register(tmp_path / "p", persons), definition, year=2024)


def test_folders_named_by_whole_numbers_with_gaps_are_refused_with_the_reason(tmp_path, definition):
    PERSONS.astype({"year": "Int64"}).to_parquet(tmp_path / "p", partition_cols=["year"])
    with pytest.raises(InputError, match="plain whole numbers"):
        count_persons(tmp_path / "p", definition, year=2024)


def test_refused_registers(tmp_path, definition):
    folder = register(tmp_path / "p")
    folders = tmp_path / "y"  # the year in the names of folders
    for year in ("old", "new"):
        (folders / f"year={year}").mkdir(parents=True)
        PERSONS.drop(columns="year").to_parquet(folders / f"year={year}" / "a.parquet", index=False)
    with pytest.raises(InputError, match="year as a whole number"):
        count_persons(folders, definition, year=2024)
    register(folders)  # whole numbers in a file beside them
    with pytest.raises(InputError, match="same columns of the same types"):
        count_persons(folders, definition, year=2024)
    with pytest.raises(InputError, match="There are: "):
        count_persons(register(tmp_path / "n", PERSONS.drop(columns="tenure")), definition, year=2024)
    with pytest.raises(InputError, match="Give Parquet"):
        count_persons(tmp_path / "nowhere", definition, year=2024)
    with pytest.raises(InputError, match="Give the year of year"):
        count_persons(folder, definition)
    with pytest.raises(InputError, match="Look at the year"):
        count_persons(folder, definition, year=1999)
    with pytest.raises(InputError, match="counted apart"):
        count_persons(register(tmp_path / "w", PERSONS.assign(regso="Rinkeby")), definition, year=2024)
    earlier = register(tmp_path / "e", PERSONS.assign(regso=["2584R001"] * 8))
    with pytest.raises(InputError, match="2584R001"):
        count_persons(earlier, definition, year=2024, edition=2025)
    with pytest.raises(InputError, match="numbers with numbers"):
        count_persons(register(tmp_path / "t", PERSONS.assign(age="old")), definition, year=2024)
    (tmp_path / "no.parquet").write_text("no")
    with pytest.raises(InputError, match="not one table of Parquet"):
        count_persons(tmp_path / "no.parquet", definition, year=2024)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("factors = []", "lists the keys"),
        (DEFINITION.replace(", above = 0", ""), "Add equals"),
        (DEFINITION.replace("above", "more"), "lists the keys"),
        (DEFINITION.replace('"rented"', '"poor"'), "Rename one"),
        ("factors = 1 2", "not valid TOML"),
        # a name that another column of the table has, or the counts on the way to it
        *(
            (f'population = "{name}"\n' + DEFINITION, "a name of its own")
            for name in ("", "poor_n", "regso", "synthetic")
        ),
        ('population = "poor_unknown"\n' + DEFINITION, "a name of its own"),
        ('population = "x_unknown"\n' + DEFINITION, "a name of its own"),
    ],
)
def test_refused_definitions(tmp_path, text, hint):
    (tmp_path / "d.toml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=hint):
        load_definition(tmp_path / "d.toml")


def test_no_definition_and_no_such_ending(tmp_path):
    with pytest.raises(InputError, match="shows one"):
        load_definition(tmp_path / "d.toml")
    with pytest.raises(InputError, match="Name the file with one of these endings"):
        write_counts(Counts(pd.DataFrame(), 0, 0, {}), tmp_path / "t.docx")
    write_counts(Counts(pd.DataFrame({"regso": [A]}), 0, 0, {}), tmp_path / "t.parquet")
    assert pd.read_parquet(tmp_path / "t.parquet")["regso"].tolist() == [A]


def test_files_that_differ_are_refused(tmp_path, definition):
    folder = register(tmp_path / "p")
    PERSONS.drop(columns="tenure").to_parquet(folder / "9.parquet", index=False)
    with pytest.raises(InputError, match="Every file must hold all columns"):
        count_persons(folder, definition, year=2024)
    PERSONS.drop(columns="year").to_parquet(folder / "9.parquet", index=False)
    with pytest.raises(InputError, match="Every file must hold all columns"):
        count_persons(folder, definition, year=2024)
    PERSONS.assign(year="2024").to_parquet(folder / "9.parquet", index=False)
    with pytest.raises(InputError, match="Every file must have the year"):
        count_persons(folder, definition, year=2024)
    PERSONS.assign(age="old").to_parquet(folder / "9.parquet", index=False)
    with pytest.raises(InputError, match="numbers with numbers"):
        count_persons(folder, definition, year=2024)


def test_a_year_that_is_no_column_of_numbers_is_refused(tmp_path, definition):
    with pytest.raises(InputError, match="column of whole numbers"):
        count_persons(register(tmp_path / "t", PERSONS.assign(year="2024")), definition, year=2024)
    with pytest.raises(InputError, match="There are: "):
        count_persons(register(tmp_path / "n", PERSONS.drop(columns="year")), definition, year=2024)


def test_a_column_of_counts_may_have_any_name_that_is_its_own(tmp_path):
    (tmp_path / "d.toml").write_text('population = "code"\n' + DEFINITION, "utf-8")
    found = count_persons(register(tmp_path / "p"), load_definition(tmp_path / "d.toml"), year=2024)
    assert found.table.set_index("regso")["code"].tolist() == [5, 1]


MISFITS = [
    ("equals = '1'", [1, 1, 0, 1]),
    ("is_in = ['1', '2']", [1, 1, 0, 1]),
    ("equals = 1", ["1", "1", "0", "1"]),
    ("above = 0", ["1", "1", "0", "1"]),
    ("above = 0", pd.to_datetime(["2020-01-01"] * 4)),
    ("equals = 1", pd.Categorical(["1", "1", "0", "1"])),
    ("is_in = ['1']", pd.Categorical([1, 1, 0, 1])),
    ("equals = 1", [[1], [1], [0], [1]]),
]


def small_register(folder, helped, condition):
    frame = pd.DataFrame({"regso": [*code_set(2025)[:2], *code_set(2025)[:2]], "helped": helped})
    frame.to_parquet(folder / "one.parquet", index=False)
    text = f"[[factors]]\nkey = 'a'\nnumerator = [{{ column = 'helped', {condition} }}]\n"
    (folder / "small.toml").write_text(text, "utf-8")
    return folder / "one.parquet", load_definition(folder / "small.toml")


@pytest.mark.parametrize(("condition", "helped"), MISFITS)
def test_a_condition_of_another_kind_than_its_column_is_refused_not_counted_as_nobody(tmp_path, condition, helped):
    with pytest.raises(InputError, match="Compare numbers with numbers"):
        count_persons(*small_register(tmp_path, helped, condition))


def test_decimals_and_booleans_with_gaps_are_counted(tmp_path):
    source, small = small_register(tmp_path, [Decimal("1.5"), None, Decimal(0), Decimal(2)], "above = 0")
    assert count_persons(source, small).table["a_n"].tolist() == [1, 1]
    source, small = small_register(tmp_path, [True, None, False, True], "equals = true")
    assert count_persons(source, small).table["a_n"].tolist() == [1, 1]


def test_columns_of_categories_and_of_nothing_but_missing_values(tmp_path):
    source, small = small_register(tmp_path, pd.Categorical([1, None, 0, 1]), "above = 0")
    found = count_persons(source, small)
    assert (found.table["a_n"].tolist(), found.table["a_d"].tolist(), found.unknown) == ([1, 1], [2, 1], {"a": 1})
    source, small = small_register(tmp_path, [None] * 4, "above = 0")
    assert count_persons(source, small).unknown == {"a": 4}


def written(path, columns, types):
    """Write one file of a register with the types of another program."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({name: pa.array(cells, types[name]) for name, cells in columns.items()}), path)


SMALL = """
area = "regso"
year = "year"
[[factors]]
key = "b"
denominator = [{ column = "age", at_least = 20 }]
numerator = [{ column = "kr", above = 0 }]
"""


@pytest.fixture
def small(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL, "utf-8")
    return load_definition(tmp_path / "small.toml")


def types_of(text, kr):
    import pyarrow as pa

    return {"regso": text, "year": pa.int64(), "age": pa.int64(), "kr": kr}


PART = {"regso": [A, A, B], "year": [2024, 2024, 2024], "age": [30, 10, 40], "kr": [5, 5, 0]}


@pytest.mark.parametrize("folders", [False, True])
def test_parts_without_a_value_and_texts_of_other_programs_are_one_table(small, tmp_path, folders):
    """By hand: each full part has in A one of one adult with kr above 0, in B none of one; one part knows no kr."""
    import pyarrow as pa

    view = pa.string_view() if writes_views() else pa.large_string()
    text = [pa.string(), pa.large_string(), view, pa.dictionary(pa.int32(), pa.string())]
    for number, kind in enumerate(text):
        gone = number == 1
        part = PART | ({"kr": [None] * 3} if gone else {})
        types = types_of(kind, pa.null() if gone else pa.int64())
        if folders:
            part = {name: cells for name, cells in part.items() if name != "year"}
        written(tmp_path / "r" / ("year=2024" if folders else ".") / f"{number}.parquet", part, types)
    counts = count_persons(tmp_path / "r", small, year=2024)
    assert counts.table.to_numpy().tolist() == [[A, 8, 3, 3], [B, 4, 0, 3]]
    assert counts.unknown == {"b": 2}


@pytest.mark.skipif(not writes_views(), reason="this pyarrow writes no views to Parquet")
def test_one_file_of_texts_as_views(small, tmp_path):
    import pyarrow as pa

    written(tmp_path / "v.parquet", PART, types_of(pa.string_view(), pa.int64()))
    assert count_persons(tmp_path / "v.parquet", small, year=2024).table["population"].tolist() == [2, 1]


@pytest.mark.parametrize("blank", ["", "   ", "        ", None, "\u00a0"])
def test_codes_of_blanks_are_no_area(small, tmp_path, blank):
    import pyarrow as pa

    part = PART | {"regso": [f"{A}  ", A, blank]}
    written(tmp_path / "b.parquet", part, types_of(pa.string(), pa.int64()))
    counts = count_persons(tmp_path / "b.parquet", small, year=2024)
    assert (counts.nowhere, counts.table.to_numpy().tolist()) == (1, [[A, 2, 1, 1]])


def test_numbers_in_one_file_and_texts_in_another_are_refused(small, tmp_path):
    import pyarrow as pa

    written(tmp_path / "r/1.parquet", PART, types_of(pa.string(), pa.int64()))
    written(tmp_path / "r/2.parquet", PART | {"kr": ["fem", "5", "0"]}, types_of(pa.string(), pa.string()))
    with pytest.raises(InputError) as refused:
        count_persons(tmp_path / "r", small, year=2024)
    assert "folders" not in str(refused.value)


NO_TOML = [SMALL.replace("kr", "år").encode("cp1252"), b"\xff\xfea", b"x = " + b"[" * 5000, b"x = " + b"9" * 5000]


@pytest.mark.parametrize("content", NO_TOML)
def test_a_definition_that_is_no_utf8_or_no_toml_is_refused_in_words(tmp_path, content):
    (tmp_path / "d.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"not UTF-8|not valid TOML"):
        load_definition(tmp_path / "d.toml")
