"""The rules of the house that a test can hold."""

from __future__ import annotations

import ast
import re

import pytest

from regso_cluster.method import builtin_methods, load_method

# what each room may know, besides errors, method, writing and the version: the rooms before it in the flow of data
MAY_KNOW = {
    "errors": set(),
    "method": set(),
    "writing": set(),
    "kernels": set(),
    "ensemble": {"kernels"},
    "files": set(),
    "areas": {"kernels", "files"},  # points to areas
    "factors": {"areas", "files"},
    "grouping": {"ensemble", "factors", "kernels"},
    "certainty": {"areas", "ensemble", "factors", "grouping", "kernels"},
    "years": {"areas", "factors", "grouping", "certainty", "kernels"},
    "results": {"areas", "certainty", "factors", "grouping"},
    "delivery": {"areas", "factors", "files", "grouping", "certainty", "years"},
}


def imports(tree: ast.Module) -> set[str]:
    """The modules of the package that a file imports, leaving out those for type checking alone."""
    only_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and node not in only_types
            and (node.module or "").startswith("regso_cluster")
        ):
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "regso_cluster"}
        elif isinstance(node, ast.Import) and node not in only_types:
            found |= {alias.name for alias in node.names if alias.name.startswith("regso_cluster")}
    return found


@pytest.fixture(scope="module")
def sources(root):
    folder = root / "src" / "regso_cluster"
    return {path.relative_to(folder): path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))}


def test_arrows_run_only_down_the_house(sources):
    wrong = []
    for path, text in sources.items():
        room = path.parts[0].removesuffix(".py")
        if room not in MAY_KNOW:
            continue  # the pipeline, releases, the command line and the example stand above the rooms
        for module in imports(ast.parse(text)):
            other = module.split(".")[1] if "." in module else ""
            if other in ("", "errors", "method", "writing", "__version__", room):
                continue
            if other not in MAY_KNOW[room]:
                wrong.append(f"{path} imports {module}")
    assert not wrong


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
        database = path.parts == ("delivery", "postgis.py") and [line.split()[-1] for line in own] == ["ssl"]
        assert not own or path.parts[:2] == ("factors", "scb") or database, path
        leads = {module for module in imports(ast.parse(text)) if module.startswith("regso_cluster.sources")}
        home = path.parts[:2] == ("factors", "scb") or path.parts == ("commands", "fetch.py")
        assert home or not leads, path
    assert "import requests" in sources[next(path for path in sources if path.name == "client.py")]


def test_a_kernel_file_calls_jitted_code_of_its_own_file_only(sources):
    for path, text in sources.items():
        if path.parts[0] == "kernels":
            assert imports(ast.parse(text)) <= {"regso_cluster.kernels._jit"}, path


def test_no_factor_name_in_python_outside_the_example(sources):
    keys = {key for name in builtin_methods() for key in load_method(name).keys if len(key) > 8}
    for path, text in sources.items():
        if path.name != "example.py":
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
