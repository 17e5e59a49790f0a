from __future__ import annotations

import hashlib
import json
import shutil
import warnings

import pandas as pd
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.errors import InputError
from regso_cluster.exports.datapackage import write_datapackage
from regso_cluster.exports.export import export
from regso_cluster.factors.tables import read_factors
from regso_cluster.files.textfiles import read_csv
from regso_cluster.method import parse_method
from regso_cluster.release.write import write_release
from tests.fixtures import no_empty_text
from tests.tables import METHOD, rows, write


@pytest.fixture(scope="module")
def frictionless():
    with warnings.catch_warnings():  # what it imports is its own affair
        warnings.simplefilter("ignore")
        import frictionless as package
    return package


@pytest.fixture(scope="module")
def package(shortened, tmp_path_factory):
    return export(shortened, tmp_path_factory.mktemp("package") / "regso" / "datapackage.json")


def test_the_package_is_valid(package, frictionless):
    report = frictionless.validate(package)
    assert report.valid, report.flatten(["type", "note"])
    assert {task.name for task in report.tasks} >= {"areas", "groups", "factors", "lineage"}
    assert {task.type for task in report.tasks if task.name in ("areas", "factors")} == {"table"}


@pytest.mark.parametrize(("file", "change"), [
    ("areas.csv", lambda text: text.replace("0114R001", "0114R00X", 1)),
    ("groups.csv", lambda text: text + "\n"),
    ("method.toml", lambda text: text + "# mine\n"),
])  # fmt: skip
def test_a_changed_file_is_found(package, frictionless, tmp_path, file, change):
    for one in package.parent.iterdir():
        (tmp_path / one.name).write_bytes(one.read_bytes())
    (tmp_path / file).write_bytes(change((tmp_path / file).read_text("utf-8")).encode())
    kinds = {kind for (kind,) in frictionless.validate(tmp_path / "datapackage.json").flatten(["type"])}
    assert "hash-count" in kinds or "byte-count" in kinds


def test_every_file_has_its_hash_and_every_field_its_meaning(package):
    made = json.loads(package.read_text("utf-8"))
    assert made["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    files = {one["path"]: one for one in made["resources"]}
    assert set(files) | {"datapackage.json"} == {path.name for path in package.parent.iterdir()}
    for name, one in files.items():
        content = (package.parent / name).read_bytes()
        assert one["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert one["bytes"] == len(content)
        for field in one.get("schema", {}).get("fields", ()):
            assert field["title"]
            assert field["description"]
            assert field["type"] in {"string", "integer", "number", "boolean"}
    assert made["synthetic"] is True
    assert "SYNTETISKA DATA" in made["description"]


def test_the_tables_are_read_back_equal_by_their_schema(package, shortened, frictionless):
    followed = shortened
    read = frictionless.Package(str(package))
    for name, frame in {"areas": followed.areas.reset_index(), "groups": followed.groups,
                        "factors": followed.factors, "lineage": followed.lineage}.items():  # fmt: skip
        rows = read.get_resource(name).read_rows()
        made = pd.DataFrame([row.to_dict() for row in rows], columns=list(frame.columns), dtype=object)
        for column, kind in frame.dtypes.items():
            cells = made[column].where(made[column].notna(), None)
            made[column] = (
                cells.map(float, na_action="ignore").astype(kind) if kind == "float64" else cells.astype(kind)
            )
        same = read_csv(package.with_name(f"{name}.csv"), frame.dtypes.to_dict())
        for one in (made, same):
            expected = no_empty_text(frame.reset_index(drop=True))
            pd.testing.assert_frame_equal(one, expected, check_exact=True, obj=name)


def test_a_folder_that_exists_is_refused_and_left_as_it_was(followed, tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match=r"the folder of the package exists.*NEW-FOLDER/datapackage\.json"):
        export(followed, tmp_path / "mine" / "datapackage.json")
    assert not list((tmp_path / "mine").iterdir())


def test_a_failed_package_leaves_nothing(followed, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", broken)
    with pytest.raises(OSError, match="No space"):
        write_datapackage(followed, tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_rates_that_were_drawn_towards_a_parent_have_their_columns(tmp_path, frictionless):
    """The table of factors then holds the counted value and an interval: each needs its meaning."""
    using = parse_method(METHOD + '[shrinkage]\ntowards = "country"\n')
    table = read_factors(write(rows(), tmp_path / "t.csv"), using, edition=2025)
    release = write_release(classify(table, using, year=2024), tmp_path / "2024")
    made = export(release, tmp_path / "package" / "datapackage.json")
    assert frictionless.validate(made).valid
    fields = {
        field["name"]: field["description"]
        for resource in json.loads(made.read_text("utf-8"))["resources"] if resource["name"] == "factors"
        for field in resource["schema"]["fields"]
    }  # fmt: skip
    assert "Value that the counts alone give" in fields["value_counted"]
    assert {"value_low", "value_high"} <= set(fields)
