from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import types
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from regso_cluster import commands
from regso_cluster._package import __version__
from regso_cluster.cli import main
from regso_cluster.commands import COMMANDS, CommandRow, load_command
from regso_cluster.method import builtin_methods
from regso_cluster.release.write import write_release
from tests.tables import METHOD, rows, write


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("cli") / "2024")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.toml").write_text(METHOD, "utf-8")
    write(rows(), tmp_path / "t.csv")

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(main, [str(part) for part in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def test_example_check_classify_verify_export(run, tmp_path):
    assert run("example", "tables", "--years", "2023-2024").stdout.split() == [
        "tables/factors-2023.csv", "tables/factors-2024.csv", "tables/truth.csv",
    ]  # fmt: skip
    assert (
        "no fault. 3363 areas, edition 2025"
        in run("check", "tables/factors-2023.csv", "--method", "utanforskap").stdout
    )
    first = run("classify", "tables/factors-2023.csv", "--method", "utanforskap", "--year", 2023, "--out", "r/2023")
    assert "SYNTHETIC DATA" in first.stdout
    assert "Stor sammanvägd" in first.stdout
    assert "r/2023/areas.parquet" in first.stdout.replace(str(tmp_path) + "/", "")
    second = run(
        "classify",
        "tables/factors-2024.csv",
        "--method",
        "utanforskap",
        "--year",
        2024,
        "--out",
        "r/2024",
        "--previous",
        "r/2023",
    )
    assert "areas 2023" in second.stdout.replace("\n", " ")
    assert "every hash agrees" in run("verify", "r/2024").stdout
    for suffix in ("xlsx", "csv", "gpkg", "parquet"):
        assert run("export", "r/2024", "--to", f"x.{suffix}").stdout.strip() == f"x.{suffix}"
        assert (tmp_path / f"x.{suffix}").stat().st_size > 10_000


def test_json_of_every_command_that_prints(run, released):
    assert json.loads(run("check", "t.csv", "--method", "m.toml", "--edition", 2025, "--json").stdout)["areas"] == 3363
    made = run("classify", "t.csv", "--method", "m.toml", "--edition", 2025, "--year", 2024, "--out", "r", "--json")
    assert json.loads(made.stdout)["figures"]["composite_undecided"] == 3357
    assert json.loads(run("verify", released.path, "--json").stdout) == {"ok": True, "faults": []}
    assert json.loads(run("example", "e", "--years", "2024", "--json").stdout)["written"][-1] == "e/truth.csv"
    assert json.loads(run("export", released.path, "--to", "x.csv", "--json").stdout) == {"written": ["x.csv"]}
    assert {one["name"] for one in json.loads(run("methods", "--json").stdout)} == set(builtin_methods())


def test_a_refused_table_says_every_fault_and_exits_with_one(run, tmp_path):
    frame = rows()
    frame.loc[0, "poor_n"], frame.loc[1, "voted_pct"] = "x1", "101"
    write(frame, tmp_path / "bad.csv")
    result = run("check", "bad.csv", "--method", "m.toml", "--edition", 2025, code=1)
    assert result.stdout == ""
    assert "bad.csv, row 2, column poor_n, 0114R001: text in a number (expected a number, got 'x1')" in result.stderr
    assert "bad.csv, row 3" in result.stderr
    faults = json.loads(run("check", "bad.csv", "--method", "m.toml", "--edition", 2025, "--json", code=1).stdout)[
        "faults"
    ]
    assert [fault["what"] for fault in faults] == ["text in a number", "a value outside its range"]
    run("classify", "bad.csv", "--method", "m.toml", "--edition", 2025, "--year", 2024, "--out", "r", code=1)
    assert not (tmp_path / "r").exists()


def test_exit_codes(run, released, tmp_path):
    run("nonsense", code=2)
    run("classify", "t.csv", code=2)
    run("example", "x", "--years", "2024-2019", code=2)
    run("verify", tmp_path, code=1)
    (tmp_path / "copy").mkdir()
    for file in released.path.iterdir():
        (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "copy" / "areas.csv").write_text("regso\n")
    assert "areas.csv: a file was changed" in run("verify", "copy", code=3).stdout
    assert json.loads(run("verify", "copy", "--json", code=3).stdout)["ok"] is False


def test_a_release_is_not_overwritten(run, tmp_path):
    arguments = ("classify", "t.csv", "--method", "m.toml", "--edition", 2025, "--year", 2024, "--out", "r")
    run(*arguments)
    before = (tmp_path / "r" / "manifest.json").read_bytes()
    assert "never overwritten" in run(*arguments, code=1).stderr
    assert (tmp_path / "r" / "manifest.json").read_bytes() == before


def test_a_failure_is_one_message_and_a_traceback_only_with_debug(run, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("boom")

    monkeypatch.setattr("regso_cluster.method.load_method", broken)
    result = run("methods", "utanforskap", code=1)
    assert (
        result.stderr
        == "Error: RuntimeError: boom. This is a fault of the program; --debug before the command shows where.\n"
    )
    with pytest.raises(RuntimeError, match="boom"):
        CliRunner().invoke(main, ["--debug", "methods", "utanforskap"], catch_exceptions=False)


def test_an_export_of_another_kind_is_refused(run, released):
    assert ".csv, .txt, .tsv, .xlsx, .parquet, .gpkg" in run("export", released.path, "--to", "x.docx", code=1).stderr
    assert "inside the release" in run("export", released.path, "--to", released.path / "x.csv", code=1).stderr


def test_methods_prints_a_file_that_loads(run, tmp_path):
    (tmp_path / "own.toml").write_text(run("methods", "utanforskap").stdout, "utf-8")
    assert run("methods", "own.toml").stdout
    assert "utanforskap" in run("methods").stdout


def test_every_command_has_an_example_in_its_help_and_a_place_in_the_reference(root):
    reference = (root / "docs" / "commands.md").read_text("utf-8")
    for name in COMMANDS:
        command = load_command(name)
        shown = CliRunner().invoke(main, [name, "--help"]).stdout
        assert f"regso-cluster {name}" in shown.split("Example:")[1] if name != "methods" else "Example:" in shown
        assert f"\n## {name}\n" in reference, f"docs/commands.md does not name {name}: run `make docs`"
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.name} has no help"
                assert parameter.opts[0] in reference, f"docs/commands.md lacks {name} {parameter.opts[0]}"


def test_every_command_of_a_file_is_a_row_and_the_list_imports_none():
    """A command without a row would not be found; `--help` reads the rows and imports no file of commands."""
    folder = Path(commands.__file__).parent
    found = {}
    for file in folder.glob("*.py"):
        module = import_module(f"regso_cluster.commands.{file.stem}") if file.stem != "__init__" else commands
        own = {name: one for name, one in vars(module).items() if isinstance(one, click.Command)}
        inner = {id(one) for group in own.values() if isinstance(group, click.Group) for one in group.commands.values()}
        found |= {name: file.stem for name, one in own.items() if id(one) not in inner}
    assert found == {name: row.file for name, row in COMMANDS.items()}
    shown = " ".join(CliRunner().invoke(main, ["--help"]).stdout.split())
    assert all(f" {name} {row.says}" in shown for name, row in COMMANDS.items())
    code = "import sys; from regso_cluster.cli import main; main(['--help'], standalone_mode=False); "
    code += "print([one for one in sys.modules if one.startswith('regso_cluster.commands.')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "['regso_cluster.commands.streams']"


def test_the_version_is_that_of_the_package():
    assert __version__ in CliRunner().invoke(main, ["--version"]).stdout


def test_help_imports_nothing_heavy():
    heavy = ("pandas", "numba", "sklearn", "geopandas", "pydantic", "rich")
    code = f"import sys; from regso_cluster.cli import main; print([m for m in {heavy} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_progress_goes_to_no_pipe(run):
    result = run("classify", "t.csv", "--method", "m.toml", "--edition", 2025, "--year", 2024, "--out", "r")
    assert result.stderr == ""
    assert not re.search(r"\x1b\[", result.stdout)


def test_as_a_module():
    shown = subprocess.run(
        [sys.executable, "-m", "regso_cluster", "--help"], capture_output=True, text=True, check=True
    )
    assert "classify" in shown.stdout


PLAIN = METHOD[: METHOD.index("[composite]")] + '[index]\nscale = { kind = "z" }\nmin_factors = 1\n'


def test_a_method_without_any_grouping_still_makes_a_release(run, tmp_path):
    (tmp_path / "plain.toml").write_text(PLAIN, "utf-8")
    run("classify", "t.csv", "--method", "plain.toml", "--edition", 2025, "--year", 2024, "--out", "r")
    assert (tmp_path / "r" / "areas.gpkg").exists()
    run("export", "r", "--to", "r.xlsx")


@pytest.mark.parametrize("title", ["T [/b]", "[b]hej", "<b>&"])
def test_titles_and_names_are_shown_as_they_are(run, tmp_path, title):
    text = METHOD.replace("Två faktorer", title).replace('sv = "En"', f'sv = "{title}"')
    (tmp_path / "odd.toml").write_text(text, "utf-8")
    shown = run("classify", "t.csv", "--method", "odd.toml", "--edition", 2025, "--year", 2024, "--out", "r").stdout
    assert shown.count(title) == 2


def test_nothing_is_written_into_a_release(run, released, tmp_path):
    arguments = ("classify", "t.csv", "--method", "m.toml", "--edition", 2025, "--year", 2024)
    assert "inside the release" in run(*arguments, "--out", released.path / "inside", code=1).stderr
    assert "inside the release" in run("export", released.path, "--to", released.path / "sub" / "x.csv", code=1).stderr
    run("verify", released.path)


def test_a_previous_release_must_be_earlier(run, released):
    arguments = ("classify", "t.csv", "--method", "m.toml", "--edition", 2025, "--year", 2024, "--out", "r")
    assert "the previous release is not earlier" in run(*arguments, "--previous", released.path, code=1).stderr


def test_a_changed_release_is_not_exported(run, released, tmp_path):
    shutil.copytree(released.path, tmp_path / "copy")
    (tmp_path / "copy" / "areas.csv").write_text("regso\n")
    assert "a file was changed" in run("export", "copy", "--to", "x.csv", code=1).stderr
    assert not (tmp_path / "x.csv").exists()


def test_figures_are_never_cut_on_a_narrow_terminal(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    arguments = ("classify", "t.csv", "--method", "m.toml", "--edition", 2025, "--year", 2024, "--out", "r")
    assert "…" not in "".join(line for line in run(*arguments).stdout.splitlines() if re.search(r"\d", line))


def test_an_out_with_wild_cards_is_a_name_like_another(run, tmp_path):
    run("classify", "t.csv", "--method", "m.toml", "--edition", 2025, "--year", 2024, "--out", "[**]")
    assert (tmp_path / "[**]" / "manifest.json").exists()


def test_a_new_command_is_one_row_and_a_file(monkeypatch):
    @click.command()
    @click.argument("name")
    def greet(name):
        click.echo(f"god dag, {name}")

    file = types.ModuleType("regso_cluster.commands.greetings")
    file.greet = greet
    monkeypatch.setitem(sys.modules, file.__name__, file)
    assert CliRunner().invoke(main, ["greet", "Eva"]).exit_code == 2
    monkeypatch.setitem(COMMANDS, "greet", CommandRow("greetings", "Greet somebody."))
    assert CliRunner().invoke(main, ["greet", "Eva"]).stdout == "god dag, Eva\n"
    assert "greet Greet somebody." in " ".join(CliRunner().invoke(main, ["--help"]).stdout.split())


@pytest.mark.parametrize("command", ["check", "classify"])
@pytest.mark.parametrize(
    ("year", "said"),
    [("2024.0", "no such file"), (" 2024 ", "no such file"), ("2024,0", "no such file"), ("2024.5", "is no year"),
     ("tjugofyra", "is no year"), ("20240", "not in the range 1900<=x<=2200"), ("9" * 30, "not in the range")],
)  # fmt: skip
def test_a_year_is_read_alike_by_every_command(command, year, said, tmp_path):
    words = [command, "absent.csv", "--method", "utanforskap", "--year", year]
    result = CliRunner().invoke(main, words + (["--out", str(tmp_path / "r")] if command == "classify" else []))
    assert result.exit_code in (1, 2)
    assert said in " ".join(result.output.split())
