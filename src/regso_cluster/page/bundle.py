"""One file from many: the modules joined, the data packed, and a content-security policy that allows just these.

Each ES module becomes a function that runs once and gives what the module exports; an import takes from it. This
covers what the modules here use (named imports from "./file.js", exported functions) and refuses anything else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from regso_cluster.page.libraries import Library, read_libraries
from regso_cluster.page.views import MODULE, read_views, write_views_module
from regso_cluster.words.texts import WORDS

ENTRY = "main"
_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
# what turns the direction of text: embeddings and overrides end with U+202C, isolates with U+2069
_CLOSING = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c") | dict.fromkeys("\u2066\u2067\u2068", "\u2069")
_TURNS = re.compile("[\u202a\u202b\u202d\u202e\u2066-\u2068]")
_EXPORT = re.compile(r"^export (?=(?:async )?function (\w+)|const (\w+))", re.MULTILINE)


def render_page(data: dict[str, Any]) -> str:
    """Put the page together.

    Parameters
    ----------
    data : what `assemble` gives

    Returns
    -------
    HTML that needs nothing besides itself

    Raises
    ------
    InputError  the libraries were not fetched when the package was built
    """
    libraries = read_libraries()
    listed = [{"name": one.name, "version": one.version, "license": one.license, "text": one.text} for one in libraries]
    scripts = [_inline(one.script) for one in (*libraries, Library("", "", "", "", join_modules(_modules())))]
    style = _inline("".join(text for _, text in sorted(_sources(".css").items())))
    templates = Environment(
        loader=PackageLoader("regso_cluster.page"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    text: str = templates.get_template("page.html.jinja").render(
        policy=policy(scripts, style),
        scripts=scripts,
        style=style,
        views=read_views(),
        words=as_script_text(json.dumps(WORDS, ensure_ascii=False, separators=(",", ":"))),
        data=pack({**data, "libraries": listed}),
        title=data["method"]["title"]["sv"],
    )
    return text


def pack(data: dict[str, Any]) -> str:
    """Write data as JSON, gzipped and in base64: no character ends a script, the same data give the same text."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if _TURNS.search(text):
        text = _STRING.sub(lambda found: f'"{close_turns(found[1])}"', text)
    return base64.b64encode(gzip.compress(text.encode(), 7, mtime=0)).decode()


def close_turns(text: str) -> str:
    """Close what turns the direction of a text at its end: a name with U+202E leaves the rest of its line alone."""
    opened: list[str] = []
    for sign in text:
        if sign in _CLOSING:
            opened.append(_CLOSING[sign])
        elif opened and sign == opened[-1]:
            opened.pop()
    return text + "".join(reversed(opened))


def as_script_text(text: str) -> str:
    """Escape JSON so that it can stand inside a script element: no `<` is left that could end it."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def policy(scripts: list[str], style: str) -> str:
    """Give the content-security policy: these scripts and this style by their hashes, no other source, no network."""
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src 'none'; connect-src 'none'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inline(text: str) -> str:
    """Refuse a source that would end its own element; a byte changed here would change its hash."""
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        raise ValueError("a source holds what would end its element")
    return text.replace("\r\n", "\n")


def _web() -> Any:
    return resources.files(__package__) / "web"


def _sources(ending: str) -> dict[str, str]:
    return {
        file.name.removesuffix(ending): file.read_text("utf-8")
        for file in _web().iterdir()
        if file.name.endswith(ending)
    }


def _modules() -> dict[str, str]:
    return {**_sources(".js"), MODULE: write_views_module(read_views())}


def join_modules(modules: dict[str, str], entry: str = ENTRY) -> str:
    """Join ES modules into one script, each after those it imports.

    Raises
    ------
    ValueError  modules that import each other in a circle, an import of what is not exported, or of another form
    """
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(f"modules in a circle: {' > '.join([*path, name])}")
        if name in order:
            return
        for names, other in _IMPORT.findall(modules[name]):
            missing = set(names.split(", ")) - exports(modules[other])
            if missing:
                raise ValueError(f"{name} imports {sorted(missing)}, which {other} does not export")
            visit(other, (*path, name))
        order.append(name)

    visit(entry, ())
    return '"use strict";\n' + "\n".join(_wrap(name, modules[name]) for name in order)


def exports(source: str) -> set[str]:
    """Give the names that a module exports."""
    return {function or constant for function, constant in _EXPORT.findall(source)}


def _wrap(name: str, source: str) -> str:
    body = _IMPORT.sub(r"const { \1 } = module_\2;", source)
    body = _EXPORT.sub("", body)
    if re.search(r"^(import|export)\b", body, re.MULTILINE):
        raise ValueError(f"{name}: an import or export of a form that is not known here")
    return f"const module_{name} = (() => {{\n{body}return {{ {', '.join(sorted(exports(source)))} }};\n}})();"
