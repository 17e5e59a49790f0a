"""Every command over files, methods, releases and options made to hurt: done, or refused in words; nothing else.

A case is a seed. 60 run by default; REGSO_HOSTILE_CASES=2000 runs that many, and REGSO_HOSTILE_FIRST sets the first.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import traceback
import warnings
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from tests.hostile_files import TEXTS, change_method, change_table, tamper, write_table
from tests.same_bytes import _DEFINITION, MIXED, _mixed_codes, _mixed_table, _persons, _schools
from tests.tables import METHOD, rows

CASES = int(os.environ.get("REGSO_HOSTILE_CASES", "60"))
FIRST = int(os.environ.get("REGSO_HOSTILE_FIRST", "1"))
SMALL = MIXED.replace("draws = 200", "draws = 20").replace("n_clusters = 4", "n_clusters = 3\nresamples = 2")
SAID = tuple(text[:90].replace("\0", "") for text in TEXTS)
COLUMNS = ("regso", "regso", "population", "poor_n", "poor_d", "voted_pct", "crime_n", "pupils", "passed", "score", "x",
           "", "regso,population", "geometry", "kommun", "0114R001", "voted_pct,poor_n", "a\nb", "y" * 300,
           "regso,regso", "poor_n,poor_d,crime_n", ",")  # fmt: skip
GROUPINGS = ("composite_group", "cluster", "band", "poor_tier", "x", "regso", "", "kommun", "composite", "index",
             "crime_tier", "population", "synthetic", "name", "regso_name", "tier", "\n")  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Two releases of 80 areas, their tables, the methods, a register and a list of schools."""
    folder = tmp_path_factory.mktemp("hostile")
    make_base(folder)
    return folder


def make_base(folder):
    before = Path.cwd()
    os.chdir(folder)
    for name, text in (("m.toml", METHOD), ("mixed.toml", SMALL), ("persons.toml", _DEFINITION)):
        (folder / name).write_text(text, "utf-8")
    _persons().iloc[:200].to_parquet("persons.parquet")
    _schools().iloc[:60].to_csv("schools.csv", index=False)
    rows().to_csv("small.csv", index=False)
    keep = [*_mixed_codes()[::3], "2523R011"]
    for year, earlier in ((2023, ()), (2024, ("--previous", "r2023"))):
        table = _mixed_table(year)
        table[table["regso"].isin(keep)].to_csv(f"t{year}.csv", index=False)
        words = ["classify", f"t{year}.csv", "--method", "mixed.toml", "--year", str(year), "--out", f"r{year}"]
        said = CliRunner().invoke(main, [*words, *earlier])
        assert said.exit_code == 0, said.output
    os.chdir(before)


def a_path(random_, table):
    """Say a path that an option may be given: of a right file, of a wrong one, of none."""
    return random_.choice(
        [
            table,
            table,
            ".",
            "",
            "absent.csv",
            "r2023",
            "m.toml",
            "a\nb",
            "y" * 300,
            "t2024.csv",
            "r2024/areas.parquet",
            "r2024/manifest.json",
            "/dev/null",
            "schools.csv",
            "t2024.csv/x",
        ]
    )


def out(random_, *names):
    """Say where to write; now and then where nothing may be."""
    strange = ["", ".", "t2024.csv", "r2024", "r2024/x.csv", "absent/deep/out.csv", "out", "out\n.csv", "out.exe",
               "y" * 300 + ".csv", "/dev/null", "m.toml/out.csv", "out.CSV", "-"]  # fmt: skip
    return random_.choice(names) if random_.random() < 0.88 else random_.choice(strange)


def some(random_, *choices, most=2):
    """Take up to `most` of the options."""
    taken = random_.sample(choices, k=min(random_.randint(0, most), len(choices)))
    return [part for option in taken for part in option]


def of_check(random_, table, method):
    return ["check", table, "--method", method, *some(
        random_, ("--edition", "2025"), ("--edition", "2020"), ("--previous", "r2023"), ("--accept", table),
        ("--names", table), ("--deso-key", table), ("--write-accept", out(random_, "out.csv")), ("--json",),
        ("--year", "2024"), ("--year", "-99999999999999999999"), ("--sheet", "2024"), ("--decimal", "comma"),
        ("--previous", a_path(random_, table)), ("--accept", a_path(random_, table)), most=3)]  # fmt: skip


def of_classify(random_, table, method):
    year = random_.choice(["2024", "2024", "2025", "2023", "1900", "0"])
    return ["classify", table, "--method", method, *random_.choice([("--year", year)] * 8 + [("--all-years",), ()]),
            "--out", out(random_, "out"), *some(
                random_, ("--edition", "2025"), ("--edition", "2020"), ("--previous", "r2023"), ("--accept", table),
                ("--previous", "r2024"), ("--names", table), ("--deso-key", table), ("--seed", "5"), ("--json",),
                ("--decimal", "point"), ("--sheet", "x"), ("--previous", a_path(random_, table)), ("--threads", "1"),
                ("--old-shapes", table, "--new-shapes", table), ("--population", table), ("--land", table),
                ("--population-counts", table), ("--population-column", "x"), ("--seed", "9" * 26))]  # fmt: skip


def of_all_years(random_, table, method):
    folder = Path("years")
    folder.mkdir()
    for year in random_.sample(["2022", "2023", "2024", "x", "20234"], k=random_.randint(0, 3)):
        source = Path(random_.choice([table, table, "t2024.csv"]))
        shutil.copy(source, folder / f"t-{year}{source.suffix}")
    return ["classify", "years", "--all-years", "--method", method, "--out", out(random_, "out"),
            *some(random_, ("--edition", "2025"), ("--names", table), ("--json",), ("--accept", table))]  # fmt: skip


def of_join(random_, table, method):
    names = ("out.csv", "out.xlsx", "out.parquet", "out.gpkg", "out.geojson")
    release = random_.choice(["r2024"] * 6 + ["r2023", a_path(random_, table)])
    return ["join", table, "--release", release, "--on", random_.choice(COLUMNS), "--out", out(random_, *names),
            "--max-unmatched", random_.choice(["0", "999", "999"]), *some(
                random_, ("--as", "kommun"), ("--as", "deso"), ("--as", "regso"), ("--deso-key", table),
                ("--crosswalk", table), ("--crs", "EPSG:3006"), ("--crs", "WGS 84"), ("--crs", random_.choice(SAID)),
                ("--columns", "all"), ("--columns", random_.choice(COLUMNS)), ("--edition", "2020"),
                ("--prefix", random_.choice(["", "x\n", "=", "y" * 300])), ("--shapes", table), ("--layer", "a"),
                ("--layer", "zz"), ("--decimal", "comma"), ("--json",),
                ("--report", out(random_, "out-r.csv", "out-r.json", "out-r.xlsx", "out.csv")), most=3)]  # fmt: skip


def protection(random_, table):
    outs = ("--out", out(random_, "out.csv", "out.xlsx", "out.parquet"))
    return some(
        random_,
        ("--dominance", random_.choice(["1,75", "0,0", "x", "1", "2,100", "-1,5", ",", "1e9,1"])),
        ("--p-percent", random_.choice(["10", "1e-300", "nan", "inf", "1e300"])),
        ("--min-count", "1"),
        ("--min-attribute", "1"),
        ("--min-contributors", "99999999"),
        ("--earlier", table),
        ("--json",),
        ("--earlier", table, "--earlier-is", "cumulative"),
        ("--earlier-audit", table),
        outs,
        outs,
        outs,
        ("--suppressed", random_.choice(SAID)),
        ("--zero", "-"),
        ("--missing", "0"),
        ("--sheet", "2024"),
        ("--decimal", "point"),
        ("--audit", out(random_, "out-a.csv", "out.csv", "out-a.xlsx")),
        most=3,
    )


def of_summarise(random_, table, method):
    release = random_.choice([("--release", "r2024")] * 5 + [(), ("--release", a_path(random_, table))])
    by = random_.choice(GROUPINGS[: random_.choice([4, 4, len(GROUPINGS)])])
    return [
        "summarise",
        table,
        *release,
        "--by",
        by,
        "--value",
        random_.choice(COLUMNS),
        *some(
            random_,
            ("--of", random_.choice(COLUMNS)),
            ("--weight", random_.choice(COLUMNS)),
            ("--unprotected",),
            ("--kind", "mean"),
            ("--kind", "share"),
            ("--on", random_.choice(COLUMNS)),
        ),
        *protection(random_, table),
    ]


def of_protect(random_, table, method):
    paths = ["lan,kommun,regso", "lan,kommun,regso", "regso", "kommun", "x", "regso,regso", "lan", "poor_n", ",", "",
             "regso,lan", "kommun,lan"]  # fmt: skip
    path = [part for _ in range(random_.choice([1, 1, 2])) for part in ("--path", random_.choice(paths))]
    return ["protect", table, *path, *some(
        random_, ("--value", random_.choice(COLUMNS)), ("--of", random_.choice(COLUMNS)), ("--seed", "9" * 30),
        ("--rounding", random_.choice(["5", "2", "999999999999"])), ("--kind", "mean"), ("--kind", "count"),
        ("--kind", "share")), *protection(random_, table)]  # fmt: skip


def of_compare(random_, table, method):
    pairs = [("r2023", "r2024"), ("r2024", "r2023"), ("r2024", "r2024"), ("r2023", a_path(random_, table))]
    return ["compare", *random_.choice(pairs), *some(
        random_, ("--out", out(random_, "out")), ("--through", random_.choice(["r2023", "r2024"])), ("--json",),
        ("--changes", table), ("--old-shapes", table, "--new-shapes", table), ("--land", table),
        ("--population", table), ("--through", a_path(random_, table)), ("--population-counts", table))]  # fmt: skip


def of_export(random_, table, method):
    names = ("out.xlsx", "out.csv", "out.gpkg", "out.px", "out.json", "out.parquet", "out/datapackage.json")
    to = random_.choice(
        [out(random_, *names)] * 6 + ["postgresql://u@127.0.0.1:1/x", "postgresql://", "http://x", table]
    )
    return ["export", random_.choice(["r2024", "r2024", "r2023", a_path(random_, table)]), "--to", to, *some(
        random_, ("--excel-sv",), ("--language", "en"), ("--schema", random_.choice(["", "a;b", "x" * 99])),
        ("--replace",), ("--json",))]  # fmt: skip


def of_figure(random_, table, method):
    releases = random_.choice([("r2024",), ("r2023", "r2024"), ("r2024", "r2024"), (a_path(random_, table),)])
    kind = random_.choice(["country", "kommun", "profile", "flow", "ranks"])
    kommun = random_.choice(["0180", "0114", "9999", "", "x", "180", "٠١٨٠"])
    return ["figure", kind, *releases, "--out", out(random_, "out.svg", "out.png"), *some(
        random_, ("--by", random_.choice(GROUPINGS)), ("--kommun", kommun), ("--language", "en"),
        ("--first", random_.choice(["1", "400"])), ("--json",), most=3)]  # fmt: skip


def of_page(random_, table, method):
    releases = [("r2024",), ("r2023", "r2024"), ("r2024", "r2023"), ("r2024", "r2024"), (a_path(random_, table),)]
    return ["page", *random_.choice(releases), "--out", out(random_, "out.html"), *some(random_, ("--json",))]


def of_count(random_, table, method):
    Path("changed.toml").write_bytes(change_method(random_, _DEFINITION).encode("utf-8", "replace"))
    definition = random_.choice(["persons.toml", "persons.toml", "changed.toml", "changed.toml", method, table])
    persons = random_.choice([table, "persons.parquet", "persons.parquet", ".", "r2024"])
    return [
        "count",
        persons,
        *random_.choice([(), (), ("persons.parquet",)]),
        "--definition",
        definition,
        "--out",
        out(random_, "out.csv", "out.parquet"),
        *some(random_, ("--year", "2024"), ("--year", "1999"), ("--edition", "2025"), ("--threads", "1"), ("--json",)),
    ]


def of_freeze(random_, table, method):
    release = random_.choice(["r2024", "r2023", a_path(random_, table)])
    return ["freeze", release, "--out", out(random_, "out.toml"), *some(random_, ("--beside",), ("--json",))]


def of_verify(random_, table, method):
    return ["verify", random_.choice(["r2024", "r2023", a_path(random_, table)]), *some(
        random_, ("--recompute", table), ("--recompute", "t2024.csv"), ("--previous", a_path(random_, table)),
        ("--json",), ("--names", table), ("--deso-key", table), ("--sheet", "x"), ("--decimal", "comma"))]  # fmt: skip


def of_tampered(random_, table, method):
    shutil.copytree("r2024", "tampered")
    for _ in range(random_.choice([1, 1, 2])):
        tamper(random_, Path("tampered"))
    target = random_.choice(["out.csv", "out.xlsx", "out.px", "out.gpkg", "out.json"])
    return random_.choice(
        [
            ["verify", "tampered"],
            ["export", "tampered", "--to", target],
            ["page", "r2023", "tampered", "--out", "out.html"],
            ["verify", "tampered", "--recompute", "t2024.csv"],
            ["compare", "r2023", "tampered", "--out", "out"],
            ["freeze", "tampered", "--out", "out.toml"],
            ["page", "tampered", "--out", "out.html"],
            [
                "join",
                "schools.csv",
                "--release",
                "tampered",
                "--on",
                "regso",
                "--out",
                "out.csv",
                "--max-unmatched",
                "99",
            ],
            ["summarise", "schools.csv", "--release", "tampered", "--by", "band", "--value", "score"],
            ["figure", "country", "tampered", "--out", "out.svg"],
            ["figure", "flow", "r2023", "tampered", "--out", "out.svg"],
            ["check", "t2024.csv", "--method", "mixed.toml", "--previous", "tampered"],
            [
                "classify",
                "t2024.csv",
                "--method",
                "mixed.toml",
                "--year",
                "2025",
                "--out",
                "out",
                "--previous",
                "tampered",
            ],
            ["check", "t2024.csv", "--method", "tampered/method.toml"],
            ["figure", "ranks", "tampered", "--out", "out.svg"],
        ]
    )


def of_studies(random_, table, method):
    sources = [(table, "--method", method, "--year", "2024"), ("r2024",), (a_path(random_, table),),
               ("t2024.csv", "--method", method, "--year", "2024")]  # fmt: skip
    common = [*random_.choice(sources), "--out", out(random_, "out"), "--threads", "1"]
    if random_.random() < 0.3:
        study = some(random_, ("--study", a_path(random_, table)), ("--seed", "3"), ("--language", "en"))
        return ["sensitivity", *common, "--runs", "4", *study]
    return ["stability", *common, "--most", random_.choice(["2", "3"]), "--resamples", "2", "--clouds", "5",
            *some(random_, ("--consensus",), ("--json",), ("--edition", "2020"))]  # fmt: skip


def of_the_rest(random_, table, method):
    text, dead = random_.choice(SAID), "http://127.0.0.1:1/"
    service = random_.choice([dead, "x", "ftp://x", "http://[::1", "http://127.0.0.1:99999/", "file:///etc"])
    years = random_.choice(["1800", "x", "2024-2019", "", "2019-", "²"])
    return random_.choice(
        [
            ["methods", text],
            ["methods", "utanforskap", "--json"],
            ["methods", table],
            ["methods", "../x"],
            ["example", out(random_, "out"), "--years", years],
            ["example", "m.toml/x", "--years", "2024"],
            [
                "fetch",
                "table",
                text or "TAB1",
                "--year",
                "2024",
                "--out",
                "out.csv",
                "--cache",
                "out-c",
                "--service",
                service,
            ],
            ["fetch", "shapes", "--edition", "2025", "--cache", "out-c", "--service", dead],
            [
                "fetch",
                "method",
                "--method",
                method,
                "--year",
                "2024",
                "--out",
                "out.csv",
                "--cache",
                "m.toml",
                "--service",
                dead,
            ],
            [text],
            [],
            ["--debugx"],
            ["check"],
            ["join", table],
            ["--version"],
        ]
    )


COMMANDS = (
    *(of_check, of_classify, of_join, of_summarise) * 4, *(of_protect, of_tampered) * 3, *(of_figure, of_count) * 2,
    of_compare, of_compare, of_export, of_page, of_freeze, of_verify, of_studies, of_the_rest, of_all_years,
)  # fmt: skip


def a_case(seed):
    """Write the files of a case into the current folder; gives its arguments."""
    random_ = random.Random(seed)  # noqa: S311  # no secret
    command = random_.choice(COMMANDS)
    choices = [("small.csv", "m.toml"), ("t2024.csv", "mixed.toml"), ("schools.csv", "mixed.toml")]
    # hiding in 80 areas of one unit each takes a solver minutes
    clean, method = choices[0] if command is of_protect else random_.choice(choices)
    frame = pd.read_csv(clean, dtype=object)
    table = clean
    if random_.random() < 0.8:
        table = write_table(random_, change_table(random_, frame), Path()).name
    if random_.random() < 0.3:
        text = change_method(random_, Path(method).read_text("utf-8"))
        method = "hurt.toml"
        Path(method).write_bytes(text.encode("utf-8", "replace"))
    return command(random_, table, method)


def hashes():
    return {
        str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(Path().rglob("*")) if one.is_file()
    }


def what_is_wrong(arguments):
    """Run a command; gives what a user must never see, or nothing, and the output."""
    before = hashes()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        result = CliRunner().invoke(main, arguments)
    text, error = result.output, result.exception
    if error is not None and not isinstance(error, SystemExit):
        return "".join(traceback.format_exception(error))[-1500:], text
    if "fault of the program" in text or "Traceback" in text:
        return "a fault of the program", text
    if result.exit_code not in (0, 1, 2, 3) or (result.exit_code and not text.strip()):
        return f"exit code {result.exit_code}, {len(text)} characters", text
    if warned:
        return "\n".join(f"{one.category.__name__}: {one.message}, {one.filename}:{one.lineno}" for one in warned), text
    after = hashes()
    target = _may_replace(arguments)
    if any(after.get(name) != content for name, content in before.items() if name != target):
        return "an input or a release was changed", text
    new = [name for name in after.keys() - before.keys() if not name.startswith("out-c/")]
    # a refused join leaves its report, a study of many runs those that ended, a series the years that ended
    kept = result.exit_code == 1 and (arguments[0] in ("join", "sensitivity") or "--all-years" in arguments)
    half = new if result.exit_code in (1, 2) and not kept else [name for name in new if "partial" in name]
    return (f"half-written: {half[:3]}" if half else ""), text


def _may_replace(arguments):
    """Name an earlier file that the user names as the target, and as nothing else: it is replaced, as documented."""
    said = [
        arguments[at + 1] for at, one in enumerate(arguments[:-1]) if one in ("--out", "--to", "--report", "--audit")
    ]
    return next((one for one in said if arguments.count(one) == 1 and "/" not in one), None)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + CASES))
def test_it_is_done_or_refused_in_words(seed, base, tmp_path, monkeypatch):
    shutil.copytree(base, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    arguments = a_case(seed)
    wrong, text = what_is_wrong(arguments)
    assert not wrong, f"{arguments}: {wrong}\n{text[-600:]}"
