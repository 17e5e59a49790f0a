"""The rules of the house that a test can hold."""

from __future__ import annotations

import ast
import importlib
import re

import pytest

import regso_cluster
from regso_cluster.method import builtin_methods, load_method


def read_floors() -> tuple[str, ...]:
    """The rooms of the map in the package's docstring, the ground floor first.

    A room knows only rooms above it in that list, type imports counted.
    """
    rows = re.findall(r"^ {4}(\w+(?:, \w+)*) {2,}\S", regso_cluster.__doc__ or "", re.MULTILINE)
    rooms = [room for row in rows for room in row.split(", ")]
    rooms.insert(rooms.index("clustering") + 1, "grouping")  # the earlier name of clustering
    return (*rooms, "__main__")


FLOORS = read_floors()


def imports(tree: ast.Module) -> set[str]:
    """The modules of the package that a file imports, at its top, inside a function, or for types alone."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("regso_cluster"):
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "regso_cluster"}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("regso_cluster")}
    return found


@pytest.fixture(scope="module")
def sources(root):
    folder = root / "src" / "regso_cluster"
    return {path.relative_to(folder): path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))}


def test_every_room_has_a_floor(sources):
    rooms = {path.parts[0].removesuffix(".py") for path in sources} - {"__init__"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize(
    "package", ["regso_cluster", "regso_cluster.clustering", "regso_cluster.survey", "regso_cluster.segregation"]
)
def test_a_door_shows_its_public_names_alone_and_each_is_what_the_stub_says(package, root):
    door = importlib.import_module(package)
    stub = root / "src" / package.replace(".", "/") / "__init__.pyi"
    written = re.findall(r"^from (\S+) import (\w+) as (\w+)$", stub.read_text("utf-8"), re.MULTILINE)
    assert len(written) == len(stub.read_text("utf-8").splitlines())
    assert dir(door) == sorted(name for _, name, _ in written) == door.__all__
    for module, name, shown in written:
        assert name == shown
        assert getattr(door, name) is getattr(importlib.import_module(module), name)


def test_arrows_run_only_down_the_house(sources):
    wrong = []
    for path, text in sources.items():
        room = path.parts[0].removesuffix(".py")
        if room == "__init__":
            continue  # the door of the house opens to every room
        for module in imports(ast.parse(text)):
            other = module.split(".")[1] if "." in module else "__init__"
            if module == "regso_cluster" or other == room:
                continue
            if other not in FLOORS or FLOORS.index(other) > FLOORS.index(room):
                wrong.append(f"{path} imports {module}")
    assert not wrong


def test_no_room_has_a_circle(sources):
    """Modules that import each other, directly or through others, are one module in several files."""
    names = {".".join(["regso_cluster", *path.with_suffix("").parts]).removesuffix(".__init__") for path in sources}
    arrows = {}
    for path, text in sources.items():
        own = ".".join(["regso_cluster", *path.with_suffix("").parts]).removesuffix(".__init__")
        known = {
            f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in names else node.module
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        arrows[own] = known & names - {own}
    arrows["regso_cluster"] = set()
    while arrows:
        done = {module for module, known in arrows.items() if not known & arrows.keys()}
        assert done, f"circles among {sorted(arrows)}"
        arrows = {module: known for module, known in arrows.items() if module not in done}


def test_numba_only_in_kernels(sources):
    outside = [
        str(path)
        for path, text in sources.items()
        if re.search(r"^\s*(import|from) numba", text, re.MULTILINE) and path.parts[0] != "kernels"
    ]
    assert not outside


NETWORK = r"requests|urllib3|tenacity|httpx|aiohttp|socket|ssl|http|ftplib|urllib\.request|pxweb\w*|pyproj\.network"


def test_only_fetch_touches_the_network(sources):
    """HTTP and sockets in the client, TLS to a database in PostGIS; what leads to the client in `fetch`."""
    for path, text in sources.items():
        own = re.findall(rf"^\s*(?:import|from) (?:{NETWORK})\b", text, re.MULTILINE)
        database = path.parts == ("exports", "postgis.py") and [line.split()[-1] for line in own] == ["ssl"]
        assert not own or path.parts[0] == "sources" or database, path
        leads = {module for module in imports(ast.parse(text)) if module.startswith("regso_cluster.sources")}
        home = path.parts[0] == "sources" or path.parts == ("commands", "fetch.py")
        assert home or not leads, path
    assert "import requests" in sources[next(path for path in sources if path.name == "client.py")]


def test_kernels_know_nobody_and_vectors_are_written_in_one_file(sources):
    for path, text in sources.items():
        if path.parts[0] == "kernels":
            assert all(module.startswith("regso_cluster.kernels") for module in imports(ast.parse(text))), path
        if path.parts != ("kernels", "lanes.py"):
            assert "llvmlite" not in re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE), path


def test_a_parallel_kernel_unpacks_no_array_that_it_writes(sources):
    """numba would drop the stores: see kernels/_jit.py."""
    parallel = 0
    for path, text in sources.items():
        for function in ast.walk(ast.parse(text) if path.parts[0] == "kernels" else ast.Module([], [])):
            if not isinstance(function, ast.FunctionDef) or "parallel=True" not in keywords(function):
                continue
            parallel += 1
            arguments = {argument.arg for argument in function.args.args}
            assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.AugAssign)]
            unpacked = {
                name.id
                for node in assigned
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in arguments
                for name in ast.walk(node.targets[0])
                if isinstance(name, ast.Name)
            }
            written = {
                target.value.id
                for node in assigned
                for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name)
            }
            assert not unpacked & written, f"{path}, {function.name}: {sorted(unpacked & written)}"
    assert parallel > 10


def keywords(function):
    return [ast.unparse(word) for call in function.decorator_list for word in getattr(call, "keywords", [])]


def test_no_factor_name_in_python_outside_the_example(sources):
    keys = {key for name in builtin_methods() for key in load_method(name).keys if len(key) > 8}
    for path, text in sources.items():
        if path.parts[0] != "example":
            assert not [key for key in keys if re.search(rf"\b{key}\b", text)], path


def test_no_fast_math_and_no_global_random_state(sources):
    for path, text in sources.items():
        assert not re.search(r"fastmath\s*=\s*(True|\{)", text), path
        assert not re.search(r"np\.random\.(seed|rand|randn|shuffle|choice|normal)\(", text), path


def test_public_functions_have_docstrings(sources):
    bare = []
    for path, text in sources.items():
        bare += [
            f"{path}: {node.name}"
            for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert not bare


# test files of a room that are named for a subject and not for a module; no entry is added
SUBJECTS = {
    "factors/test_fuzzed_tables.py",
    "areas/test_build_shapes.py", "clustering/test_laws.py", "clustering/test_precomputed.py",
    "commands/test_cli.py", "commands/test_cli_certainty.py", "commands/test_hostile_commands.py",
    "commands/test_parity.py", "commands/test_reading_commands.py", "exports/test_cubes.py", "exports/test_units.py",
    "files/test_damaged_cells.py", "files/test_dialects.py", "files/test_px_forms.py",
    "joining/test_blocks.py", "joining/test_join_command.py", "method/test_hostile_methods.py",
    "page/test_build.py", "page/test_in_browser.py", "page/test_notes.py", "page/test_screen_reader.py",
    "page/test_words.py", "schema/test_literals.py", "sources/test_lies.py",
    "statistics/test_agency_from_end_to_end.py", "statistics/test_figures_that_mislead.py",
    "years/test_earlier_years.py",
}  # fmt: skip


def test_tests_mirror_the_rooms(sources, root):
    rooms = {path.parts[0] for path in sources if len(path.parts) > 1}
    folders = {path.parent.name for path in (root / "tests").glob("*/test_*.py")}
    assert folders <= rooms
    # the earlier name of clustering has a test in test_docs; what is printed is tested through the commands
    assert rooms - folders <= {"grouping", "terminal"}
    wrong = []
    for file in (root / "tests").glob("*/test_*.py"):
        room = file.parent.name
        own = [part for path in sources if path.parts[0] == room for part in path.parts]
        names = {part.removesuffix(".py").lstrip("_") for part in own}
        if file.stem.removeprefix("test_") not in names and f"{room}/{file.name}" not in SUBJECTS:
            wrong.append(f"tests/{room}/{file.name}: no module of the room has this name")
    assert not wrong


def private_patches(text):
    """Private names that a test patches: such a test breaks at a move without anything being wrong."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setattr":
            named = node.args[:1] if isinstance(node.args[0], ast.Constant | ast.JoinedStr) else node.args[1:2]
            path = ast.unparse(named[0]).strip("f'\"") if named else ""
            if re.search(r"(^|\.)_[a-z]", path, re.IGNORECASE) or re.search(r"\.__\w+__$", path):
                found.append(path)
    return found


def test_no_test_patches_a_private_name(root):
    assert private_patches('patch.setattr("a.b._c", 1)') == ["a.b._c"]
    assert private_patches("patch.setattr(module, '_C', 1)") == ["_C"]
    assert private_patches('patch.setattr("a.b.__defaults__", 1)') == ["a.b.__defaults__"]
    assert not private_patches("patch.setattr(os, 'fsync', full); patch.setattr('a.b', 1)")
    found = {path.relative_to(root).as_posix(): private_patches(path.read_text("utf-8"))
             for path in (root / "tests").rglob("*.py")}  # fmt: skip
    assert not {path: names for path, names in found.items() if names}


def test_lock_files_carry_no_index_addresses(root):
    for name in ("requirements.lock", "requirements-minimum.lock"):
        text = (root / name).read_text("utf-8")
        assert "==" in text
        assert "://" not in text
        assert "--index-url" not in text


def test_make_targets_that_the_readme_names_exist(root):
    makefile = (root / "Makefile").read_text("utf-8")
    named = set(re.findall(r"`make ([a-z-]+)`", (root / "README.md").read_text("utf-8")))
    assert {"classify", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def functions(sources):
    """Give every function with its file."""
    for path, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                yield path, node


def test_bodies_argument_lists_and_modules_are_short_outside_kernels(sources):
    wrong = []
    for path, node in functions(sources):
        if path.parts[0] == "kernels":
            continue
        name = f"{path.as_posix()} {node.name}"
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        given = [one for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                 if one.arg not in ("self", "cls")]  # fmt: skip
        if lines > 45:
            wrong.append(f"{name}: {lines} lines")
        if path.parts[0] != "commands" and len(given) > 8:
            wrong.append(f"{name}: {len(given)} arguments")
    for path, text in sources.items():
        if path.parts[0] != "kernels" and len(text.splitlines()) > 400:
            wrong.append(f"{path}: {len(text.splitlines())} lines")
    assert not wrong


def unlike(annotation, aliases=frozenset()):
    """Whether an annotation has a tuple of unlike things: `tuple[X, ...]` and pairs of like things are none."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and node.id in aliases:
            return True
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "tuple":
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if len({ast.unparse(part) for part in parts} - {"..."}) > 1:
                return True
    return False


def test_no_parameter_is_a_tuple_of_unlike_things(sources):
    """Nor does a name of a module stand for one."""
    assert unlike(ast.parse("list[tuple[int, str]]", mode="eval"))
    assert unlike(ast.parse("list[Pair]", mode="eval"), {"Pair"})
    assert not unlike(ast.parse("tuple[int, ...] | tuple[str, str]", mode="eval"))
    aliases = {
        node.targets[0].id
        for text in sources.values()
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Subscript)
        and unlike(node.value)
    }
    found = {
        f"{path.as_posix()} {node.name} {one.arg}"
        for path, node in functions(sources)
        for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        if one.annotation is not None and unlike(one.annotation, aliases)
    }
    assert not found


# words that files and people give us to read, and the names of places; everything that we say is in words/ and schema/
READS_SWEDISH = {"areas/names.py", "areas/changes.py", "factors/area_names.py", "files/dataset.py", "files/made_up.py",
                 "files/totals.py", "files/pxsheet.py", "files/pxweb_layout.py"}  # fmt: skip


def test_what_is_said_in_swedish_is_not_in_python(sources):
    said = []
    for path, text in sources.items():
        tree = ast.parse(text)
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        said += [
            f"{path}: {node.value[:60]!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
            and re.search("[åäöÅÄÖ]", node.value) and path.as_posix() not in READS_SWEDISH
            and not re.search(r"\b(län|läns)\b", node.value)  # the word for a county in English sentences
        ]  # fmt: skip
    assert not said
