"""Write docs/reference.md from the signatures and docstrings of the public names: `make docs`; a test compares the two."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import regso_cluster
from regso_cluster import clustering, segregation, survey

LONGEST = 110  # a longer signature has a line a parameter
ITEMS = ("Parameters", "Returns", "Yields", "Raises", "Attributes")
Section = tuple[str, list[str]]


@dataclass(frozen=True)
class Entry:
    """A public name: what is imported from where, and in which room it lives."""

    package: str
    name: str
    room: str
    what: Any

    @property
    def is_class(self) -> bool:
        """Whether it is a class."""
        return inspect.isclass(self.what)


def public_names(package: ModuleType) -> list[Entry]:
    """List the public names of a package that are called, in no special order."""
    found = ((name, getattr(package, name)) for name in dir(package))
    return [
        Entry(package.__name__, name, what.__module__.split(".")[1], what) for name, what in found if callable(what)
    ]


def entries() -> list[Entry]:
    """List the public names in the order in which they are used: room by room of the map, functions before classes."""
    rooms = [
        one
        for row in re.findall(r"^ {4}(\w+(?:, \w+)*) {2,}\S", regso_cluster.__doc__ or "", re.MULTILINE)
        for one in row.split(", ")
    ]
    own = sorted(
        public_names(regso_cluster),
        key=lambda one: (_floor(rooms, one.room), one.is_class, _line(one.what), one.name),
    )
    mapped = re.findall(r"\b\w+\b", clustering.__doc__ or "")
    rest = [
        sorted(public_names(package), key=lambda one: (one.is_class, _line(one.what)))
        for package in (survey, segregation)
    ]
    return own + sorted(public_names(clustering), key=lambda one: mapped.index(one.name)) + rest[0] + rest[1]


def _floor(rooms: list[str], room: str) -> int:
    return len(rooms) if room == "errors" else rooms.index(room)  # an error comes last: all the others raise it


def _line(what: Any) -> tuple[str, int]:
    return what.__module__, inspect.getsourcelines(what)[1]


def describe() -> str:
    """Give the reference of the Python interface as Markdown."""
    found = entries()
    parts = [
        "# Python interface",
        "",
        "Written by `make docs` from the signatures and docstrings. What is not named here may change at any time.",
    ]
    for package, title in (
        ("regso_cluster", "Import from `regso_cluster`"),
        ("regso_cluster.clustering", "Import from `regso_cluster.clustering`"),
        ("regso_cluster.survey", "Import from `regso_cluster.survey`"),
        ("regso_cluster.segregation", "Import from `regso_cluster.segregation`"),
    ):
        own = [one for one in found if one.package == package]
        parts += ["", f"## {title}", ""]
        parts += [f"- [`{one.name}`](#{one.name.lower()}): {first_line(one.what)}" for one in own]
        for one in own:
            parts += _entry(one)
    return "\n".join(parts) + "\n"


def _entry(entry: Entry) -> list[str]:
    parts = ["", f"### {entry.name}", "", "```python", signature(entry.name, entry.what), "```"]
    text, sections = split(inspect.getdoc(entry.what) or "")
    parts += _paragraphs(text)
    for name, lines in sections:
        parts += ["", f"**{name}**", *_body(name, lines)]
    if entry.is_class:
        members = list(_members(entry.what))
        if members:
            parts += ["", "**Methods and properties**", ""]
            parts += [f"- `{call}`: {said}" for call, said in members]
    return parts


def first_line(what: Any) -> str:
    """Give the first paragraph of a docstring as one line."""
    return _escape(" ".join((inspect.getdoc(what) or "").split("\n\n")[0].split()))


def split(doc: str) -> tuple[str, list[Section]]:
    """Cut a docstring into the text before its sections, and its sections, as numpydoc underlines them."""
    pieces = re.split(r"^([A-Z]\w+(?: \w+)?)\n-{3,}$", doc, flags=re.MULTILINE)
    sections = [(name, body.strip("\n").splitlines()) for name, body in zip(pieces[1::2], pieces[2::2], strict=True)]
    return pieces[0].strip(), sections


def items(section: str, lines: list[str]) -> list[tuple[str, str]]:
    """Cut a section into what it names ("" where it names nothing) and what is said of it."""
    found: list[tuple[str, str]] = []
    pattern = r"(\w+)(?:  +(.*))?" if section == "Raises" else r"([\w*][\w*, .]*?) : (.*)"
    for before, line in zip(["", *lines], lines, strict=False):
        named = re.fullmatch(pattern, line)
        if named:
            found.append((named[1], named[2] or ""))
        elif found and not before.strip() and line and not line.startswith(" "):
            found.append(("", line))  # a paragraph after the list
        elif line.strip():
            if not found:
                found.append(("", ""))
            name, said = found[-1]
            found[-1] = (name, f"{said} {line.strip()}".strip())
    return found


def _body(section: str, lines: list[str]) -> list[str]:
    if section == "Examples":
        return ["", "```python", *[re.sub(r"  # doctest: .*$", "", line) for line in lines], "```"]
    if section not in ITEMS:
        return _paragraphs("\n".join(lines))
    said = [
        (", ".join(f"`{one}`" for one in name.split(", ")) if name else "", _escape(text))
        for name, text in items(section, lines)
    ]
    return ["", *[f"- {name}: {text}" if name and text else f"- {name or text}" for name, text in said]]


def _paragraphs(text: str) -> list[str]:
    return [part for one in text.split("\n\n") if one.strip() for part in ("", _escape(" ".join(one.split())))]


def _escape(text: str) -> str:
    """Keep Markdown from reading angle brackets and stars outside of code."""
    parts = text.split("`")
    parts[::2] = [one.replace("<", "&lt;").replace("*", "\\*") for one in parts[::2]]
    return "`".join(parts)


def signature(name: str, what: Any) -> str:
    """Write a signature with its types; a line a parameter where it is long."""
    call = inspect.signature(what)
    kinds = {one.KEYWORD_ONLY for one in call.parameters.values()}
    parts, starred = [], False
    for one in call.parameters.values():
        if one.name in ("self", "cls"):
            continue
        if one.kind is one.VAR_POSITIONAL:
            starred = True
        if one.kind in kinds and not starred:
            parts.append("*")
            starred = True
        parts.append(_parameter(one))
    back = (
        "" if inspect.isclass(what) or call.return_annotation is call.empty else f" -> {_type(call.return_annotation)}"
    )
    head = f"class {name}" if inspect.isclass(what) else name
    line = f"{head}({', '.join(parts)}){back}"
    if len(line) <= LONGEST:
        return line
    return "\n".join([f"{head}(", *[f"    {part}," for part in parts], f"){back}"])


def _parameter(one: inspect.Parameter) -> str:
    stars = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    said = stars + one.name + ("" if one.annotation is one.empty else f": {_type(one.annotation)}")
    if one.default is one.empty:
        return said
    shown = repr(one.default)
    # objects without a literal, and those of another module's making, say more by their absence
    return f"{said} = {shown if len(shown) <= 40 and not shown.startswith('<') else '...'}"


def _type(annotation: Any) -> str:
    """Write a type as the source does, without what a validator knows of it."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return ast.unparse(_Plain().visit(ast.parse(text, mode="eval"))) if isinstance(annotation, str) else text


class _Plain(ast.NodeTransformer):
    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "Annotated" and isinstance(node.slice, ast.Tuple):
            return node.slice.elts[0]
        return node


def _members(of: type) -> Iterator[tuple[str, str]]:
    """Give the public methods and properties that a class of the package has a docstring for."""
    seen: set[str] = set()
    for parent in of.__mro__:
        if not parent.__module__.startswith("regso_cluster"):
            continue
        for name, member in vars(parent).items():
            plain: Callable[..., Any] | None = getattr(member, "fget", None) or getattr(member, "func", None)
            called = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            if name.startswith("_") or name in seen or not (plain or inspect.isfunction(called)):
                continue
            seen.add(name)
            said = first_line(plain or called)
            if said:
                yield (name if plain else signature(name, called)).replace("\n    ", "").replace(",\n", ""), said


if __name__ == "__main__":
    importlib.invalidate_caches()
    (Path(__file__).parent / "reference.md").write_text(describe(), "utf-8", newline="\n")
