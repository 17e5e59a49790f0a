from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.judging.problems import beyond_limit, group_by_problems
from regso_cluster.maps.colours import QUIET, UNKNOWN, kind_colours, ordered_colours
from regso_cluster.page import build_page, check_releases, write_page
from regso_cluster.page.bundle import as_script_text, join_modules, pack, policy
from regso_cluster.page.data import assemble, chances, integers, numbers
from regso_cluster.page.flips import flip_columns
from regso_cluster.page.groups import describe_grouping, measure_country, portray
from regso_cluster.page.libraries import read_libraries
from regso_cluster.release.write import write_release
from tests.tables import method, rows, write


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    """Six areas of one kommun. Poverty 10, 10, 10, 10, 10, 40 %: mean 15, SD sqrt(750/6) = 11.18, limit 26.18; turnout below 70."""
    folder = tmp_path_factory.mktemp("six")
    table = read_factors(write(rows(), folder / "t.csv"), method(), year=2024, edition=2025)
    return write_release(classify(table, method(), year=2024), folder / "r")


def held(page):
    packed = re.search(r'<script type="text/plain" id="data">([^<]*)</script>', page)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_modules_are_joined_after_what_they_import():
    modules = {
        "main": 'import { two } from "./b.js";\nimport { one } from "./a.js";\nexport const sum = one() + two();\n',
        "a": "export function one() { return 1; }\n",
        "b": 'import { one } from "./a.js";\nexport async function two() { return 2 * one(); }\n',
    }
    text = join_modules(modules)
    assert text.index("const module_a") < text.index("const module_b") < text.index("const module_main")
    assert "const { one } = module_a;" in text
    assert "return { two };" in text
    assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("modules", "hint"),
    [
        ({"main": 'import { a } from "./x.js";\n', "x": "export const b = 1;\n"}, "does not export"),
        ({"main": 'import { x } from "./x.js";\n', "x": 'import { m } from "./main.js";\nexport const x = 1;\n'}, "does not export|circle"),
        ({"main": 'import x from "./x.js";\n', "x": ""}, "form"),
        ({"main": "export default 1;\n"}, "form"),
    ],
)  # fmt: skip
def test_modules_that_cannot_be_joined_are_refused(modules, hint):
    with pytest.raises(ValueError, match=hint):
        join_modules(modules)


def test_a_circle_of_modules_is_refused():
    modules = {
        "main": 'import { x } from "./x.js";\nexport const m = 1;\n',
        "x": 'import { m } from "./main.js";\nexport const x = 1;\n',
    }
    with pytest.raises(ValueError, match="circle: main > x > main"):
        join_modules(modules)


def test_text_inside_a_script_cannot_end_it():
    text = as_script_text(json.dumps({"a": "</script><!--\u2028"}, ensure_ascii=False))
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"a": "</script><!--\u2028"}


@pytest.mark.parametrize(
    ("given", "closed"),
    [
        ("Åre", "Åre"),
        ("\u202eab", "\u202eab\u202c"),
        ("\u202ea\u202cb", "\u202ea\u202cb"),
        ('\u2067\u202e"\\', '\u2067\u202e"\\\u202c\u2069'),
        ("a\u202c\u2069", "a\u202c\u2069"),
    ],
)
def test_what_turns_a_text_ends_with_it(given, closed):
    assert json.loads(gzip.decompress(base64.b64decode(pack({given: [given, 1]})))) == {closed: [closed, 1]}


def test_packed_data_come_back_and_are_the_same_each_time():
    data = {"name": "</script>", "years": [1, None, 2.5]}
    assert pack(data) == pack(data)
    assert json.loads(gzip.decompress(base64.b64decode(pack(data)))) == data
    with pytest.raises(ValueError, match="JSON"):
        pack({"x": float("nan")})


def test_the_policy_allows_these_scripts_by_hash_and_no_network():
    said = policy(["let a = 1;"], "p {}")
    script = base64.b64encode(hashlib.sha256(b"let a = 1;").digest()).decode()
    assert f"script-src 'sha256-{script}';" in said
    assert said.startswith("default-src 'none'; ")
    assert "connect-src 'none'" in said
    assert "unsafe" not in said


def test_the_page_holds_its_hashes_and_nothing_from_elsewhere(page_file, libraries):
    page = page_file.read_text("utf-8")
    said = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 4
    assert policy(scripts, re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]) == said
    assert not re.search(r"<(link|img|iframe|object|base|form)\b", page)
    assert "src=" not in re.sub(r"<script\b[^>]*>.*?</script>", "", page, flags=re.DOTALL)
    for one in read_libraries():
        assert "Copyright" in one.text


def test_six_years_stay_below_ten_megabytes(page_file):
    """The second year is what each further year adds: its columns and its moves."""
    data = held(page_file.read_text("utf-8"))
    year = len(pack({"year": data["years"][1], "moves": data["moves"]}))
    assert page_file.stat().st_size + 4 * year < 10e6


def test_the_same_releases_give_the_same_page(two_years, compared, page_file):
    assert build_page(two_years[::-1], [compared]) == page_file.read_text("utf-8")


def test_columns_hold_every_area_in_order_with_its_values(two_years, page_file):
    data = held(page_file.read_text("utf-8"))
    last = two_years[1]
    assert data["areas"]["code"] == list(last.areas.index)
    year = data["years"][1]
    assert year["population"] == list(last.areas["population"])
    assert [np.nan if value is None else value for value in year["index"]] == pytest.approx(
        last.areas["index"], abs=1e-4, nan_ok=True
    )
    assert sum(group is None for group in year["composite_group"]) == last.areas["composite_group"].isna().sum()
    for key in last.method.keys:
        assert year["factors"][key]["tier"] == integers(last.areas[f"{key}_tier"])
        assert year["limits"][key] == pytest.approx(last.method.measured.limits[key], rel=1e-5)
    assert data["synthetic"] is True


def test_numbers_are_plain():
    assert numbers(pd.Series([1.0, 2.345678, np.nan]), 2) == [1, 2.35, None]
    assert integers(pd.Series([1, pd.NA], dtype="Int64")) == [1, None]


def test_what_is_almost_sure_is_not_rounded_to_sure():
    given = pd.Series([0.0, 0.0004, 0.5, 0.9996, 1.0, np.nan])
    assert chances(given) == [0, 0.001, 0.5, 0.999, 1, None]


def test_flips_by_hand(six):
    """Limit 26.18 %, strictly above. 80 of 200 = 40 %: at 52 it is 26 %, not beyond, so 28 fewer. 10 of 100: 27 % needs 17 more.

    The last area has both problems (group 1): without poverty one is left, group 2. The first has none (group 3): with
    poverty it has one, group 2; the value of turnout alone has no persons.
    """
    columns = flip_columns(six)
    codes = six.areas.index[six.areas["poor_value"].notna()]
    assert list(columns["poor"]["persons"][codes]) == [17, 33, 17, 49, 17, -28]
    assert list(columns["poor"]["flipped"][codes]) == [2, 1, 2, 2, 2, 2]
    assert "persons" not in columns["voted"]
    assert list(columns["voted"]["flipped"][codes]) == [2, 3, 2, 2, 2, 2]
    assert columns["poor"]["persons"].isna().sum() == 3363 - 6


def test_flips_are_the_least_that_turn_the_flag(two_years):
    """Every area and factor: with so many persons the flag turns, with one fewer it does not; the group is the engine's."""
    release = two_years[1]
    columns = flip_columns(release)
    flags = pd.DataFrame({key: release.areas[f"{key}_problem"] for key in release.method.keys})
    for factor in release.method.factors:
        key = factor.key
        persons = columns[key]["persons"].dropna().astype(float)
        n, d = release.table.numerator[key][persons.index], release.table.denominator[key][persons.index]
        times = 1000 if factor.unit == "per 1000" else 100
        limit, was = release.method.measured.limits[key], flags[key][persons.index].to_numpy(bool)

        def beyond(count, times=times, d=d, limit=limit, factor=factor):
            return beyond_limit((times * count / d).to_numpy(float), limit, factor, release.method.problems)

        assert (beyond(n + persons) != was).all()
        assert (beyond(n + persons - np.sign(persons)) == was).all()
    key = release.method.keys[0]
    turned = flags.assign(**{key: ~flags[key]}).head(200)
    status = pd.DataFrame("observed", turned.index, turned.columns)
    engine = group_by_problems(turned, status, release.method.composite)["composite_group"]
    pd.testing.assert_series_equal(
        columns[key]["flipped"].head(200), pd.Series(engine.array, turned.index, name=None), check_names=False
    )


def test_a_portrait_names_only_clear_differences_and_no_bare_superlative(six):
    """Group "Both" is the one area with 40 % poverty; the country: 160 of 1,000 = 16 %, SD 11.18, so 24 points are clear.

    The group "One" has area 2 with 10 %: 6 points below are 0.54 SD, clear; the gap to "None" (10.0 %) is 0: no superlative.
    """
    text = {
        one["group"]: one["portrait"]["en"].replace("\u00a0", " ")
        for one in describe_grouping(six, "composite_group", measure_country(six))
        if one["group"]
    }
    assert "The group is a single area with 1,000 residents, 16.7% of all." in text[1]
    assert "Poverty: the highest of the groups, 40.0% against 16.0% in the country." in text[1]
    assert "Poverty: clearly lower than in the country, 10.0% against 16.0%." in text[2]
    assert "lowest of the groups: 10.0%" not in text[2] + text[3]


def test_the_same_profile_gives_the_same_portrait(two_years):
    own, country = two_years[1].groups.query("grouping == 'cluster'"), measure_country(two_years[1])
    for row in own.dropna(subset="group").to_dict("records"):
        said = {
            portray(two_years[1], country, dict(row), own.sample(frac=1, random_state=seed), "sv") for seed in range(3)
        }
        assert len(said) == 1


def test_ordered_colours_fall_in_lightness_and_kinds_are_told_apart_without_red_or_green():
    """Grey print: lightness by L*; dichromats: Viénot, Brettel and Mollon (1999), difference in CIELAB."""
    for size in range(2, 8):
        steps = np.diff([lab(colour)[0] for colour in ordered_colours(size)])
        assert (steps > 7).all(), size
    for size in range(2, 8):
        for blind in (None, "protan", "deutan"):
            for most in (None, 1, size):
                seen = [lab(colour, blind) for colour in [*kind_colours(size, most), UNKNOWN]]
                gaps = [np.linalg.norm(np.subtract(a, b)) for at, a in enumerate(seen) for b in seen[:at]]
                assert min(gaps) > 12, (size, blind, most)
    assert len(set(kind_colours(12, 3))) == 12


def test_kinds_are_no_scale():
    """The hues do not fall or rise in lightness, and only the kind with most areas is quiet, whatever its number."""
    assert kind_colours(4, 2)[1] == QUIET
    assert kind_colours(4).count(QUIET) == 0
    steps = np.diff([lab(colour)[0] for colour in kind_colours(6)])
    assert (steps > 0).any()
    assert (steps < 0).any()
    assert not set(kind_colours(6)) & set(ordered_colours(6))


def lab(colour, blind=None):
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if blind:
        to_lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
        lms = to_lms @ linear
        if blind == "protan":
            lms[0] = 2.02344 * lms[1] - 2.52581 * lms[2]
        else:
            lms[1] = 0.494207 * lms[0] + 1.24827 * lms[2]
        linear = np.clip(np.linalg.inv(to_lms) @ lms, 0, 1)
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ linear
        / [0.9505, 1, 1.089]
    )
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def test_releases_that_cannot_stand_together_are_refused_with_a_hint(two_years, six, tmp_path):
    with pytest.raises(InputError, match="Name at least one release"):
        check_releases([])
    with pytest.raises(InputError, match=r"2024: two releases of one year.*latest revision"):
        check_releases([two_years[1], two_years[1]])
    with pytest.raises(InputError, match="make one page a method"):
        check_releases([two_years[0], six])
    first = two_years[0]

    def with_method(**changes):
        return SimpleNamespace(year=first.year, path=first.path, method=replace(first.method, **changes))

    other = replace(first.method.problems, limit=replace(first.method.problems.limit, sd=1.5))
    with pytest.raises(InputError, match="make one page a method"):  # the same factors, other choices
        check_releases([with_method(problems=other), two_years[1]])
    check_releases([with_method(seed=7), two_years[1]])
    with pytest.raises(InputError, match=r"ends with \.html"):
        write_page([six], tmp_path / "page.pdf")
    with pytest.raises(InputError, match="make page-libraries"):
        read_libraries(tmp_path)


def test_a_page_without_map_clusters_or_comparison(six, libraries):
    """A method with two factors and six areas of 3,363: what is not there is null, not an error."""
    data = assemble([six], [])
    assert "cluster" not in data["years"][0]
    assert data["synthetic"] is False
    assert data["years"][0]["factors"]["voted"]["v"][:2] == [90.5, 69.9]
    assert data["moves"] == []
    assert held(build_page([six]))["factors"][1]["counts"] is False


def test_the_command_writes_a_page_and_leaves_an_earlier_one_when_refused(two_years, six, libraries, tmp_path):
    run = CliRunner().invoke
    out = tmp_path / "p.html"
    done = run(main, ["page", str(six.path), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"written": [str(out)]}
    before = out.read_bytes()
    refused = run(main, ["page", str(six.path), str(two_years[0].path), "--out", str(out)])
    assert refused.exit_code == 1
    assert "make one page a method" in refused.output
    assert out.read_bytes() == before
    inside = run(main, ["page", str(six.path), "--out", str(six.path / "p.html")])
    assert inside.exit_code == 1
    assert "never changed" in inside.output
    named = run(main, ["page", str(tmp_path / "nothing"), "--out", str(tmp_path / "p.txt")])
    assert "not the name of a page" in named.output  # before any release is read
    assert list(tmp_path.iterdir()) == [out]


def test_how_sure_the_groups_are_is_held_as_the_release_says(two_years, page_file):
    data, areas = held(page_file.read_text("utf-8")), two_years[1].areas
    year = data["years"][1]
    for grouping in ("composite_group", "cluster"):
        short, own = grouping.removesuffix("_group"), year["sure"][grouping]
        assert own["chance"] == chances(areas[f"{grouping}_probability"])
        assert own["second_chance"] == chances(areas[f"{short}_second_probability"])
        for what in ("second", "flip_persons", "flip_group"):
            assert own[what] == integers(areas[f"{short}_{what}"]), what
            assert any(one is not None for one in own[what]), what
        keys = [None if place is None else two_years[1].method.keys[place] for place in own["flip_factor"]]
        assert keys == [None if pd.isna(key) else key for key in areas[f"{short}_flip_factor"]]
    found = two_years[1].manifest["figures"]["clusters"]["structure"]
    assert year["structure"] == {name: found[name] for name in ("verdict", "choice", "own_stands")}
    certainty = two_years[1].method.certainty
    assert data["method"]["certainty"]["core"] == certainty.core


def test_the_page_has_the_probability_of_every_group_as_a_release_is_written(released):
    described = assemble([released], [])["years"][0]
    long = released.certainty[released.certainty["counted"]]
    for name in ("composite_group", "cluster"):
        own = long[(long["grouping"] == name) & long["group"].notna()].set_index("regso")["probability"]
        shown = described["sure"][name]["chance"]
        expected = own.reindex(released.areas.index)
        assert [one for one in shown if one is not None] == pytest.approx(expected.dropna().tolist(), abs=6e-4)
        assert sum(one is not None for one in shown) == expected.notna().sum() > 100


def test_the_libraries_are_pinned_by_hash_without_addresses(root):
    text = (root / "page-libraries" / "package-lock.json").read_text("utf-8")
    assert "://" not in text
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    wanted = json.loads((root / "page-libraries" / "package.json").read_text("utf-8"))["dependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_fetching_without_npm_says_so_and_fails_only_when_asked(root, monkeypatch, capsys):
    fetch = runpy.run_path(str(root / "page-libraries" / "fetch.py"))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(fetch["sys"], "executable", "/nowhere/python")
    assert fetch["main"](["--if-possible"]) == 0
    assert "make page-libraries" in capsys.readouterr().out
    assert fetch["main"]([]) == 1
    assert "no npm" in capsys.readouterr().err


def test_half_of_the_libraries_is_as_good_as_none(tmp_path):
    (tmp_path / "libraries.json").write_text('[{"name": "d3", "version": "7", "license": "ISC"}]', "utf-8")
    (tmp_path / "d3.js").write_text("", "utf-8")  # and no licence
    with pytest.raises(InputError, match="make page-libraries"):
        read_libraries(tmp_path)


def test_a_wheel_built_without_npm_says_so_and_holds_no_half_of_the_libraries(root, tmp_path):
    pytest.importorskip("hatchling", reason="builds the package as an installer does")
    source = tmp_path / "source"
    for folder in ("src", "page-libraries", "data"):
        shutil.copytree(root / folder, source / folder, ignore=shutil.ignore_patterns("_libraries*", "__pycache__"))
    for file in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(root / file, source / file)
    half = source / "src" / "regso_cluster" / "page" / "_libraries"
    half.mkdir()
    (half / "libraries.json").write_text("[]", "utf-8")
    python = tmp_path / "python"  # beside it there is no npm either
    python.symlink_to(sys.executable)
    paths = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    done = subprocess.run(
        [python, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"], cwd=source, text=True,
        capture_output=True, env={"PATH": "", "PYTHONPATH": paths}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no npm on this machine" in done.stdout + done.stderr
    assert "without the command `page`" in done.stdout + done.stderr
    names = zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))).namelist()
    assert not [name for name in names if "_libraries" in name]
    assert "regso_cluster/page/libraries.py" in names


def test_make_page_libraries_without_npm_and_network_says_what_to_do(root, tmp_path):
    """A machine with a shell, make and a Python that can install nothing."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh", "echo"):
        found = shutil.which(name)
        if not found:
            pytest.skip(f"no {name} on this machine")
        (tools / name).symlink_to(found)
    broken = tools / "python3"
    broken.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    broken.chmod(0o755)
    shutil.copy(root / "Makefile", tmp_path / "Makefile")
    done = subprocess.run(
        [tools / "make", "page-libraries"], cwd=tmp_path, text=True, capture_output=True, check=False,
        env={"PATH": str(tools)},
    )  # fmt: skip
    assert done.returncode != 0
    assert "no npm on this machine" in done.stderr
    assert "Install Node.js" in done.stderr
    assert not (tmp_path / "src").exists()
