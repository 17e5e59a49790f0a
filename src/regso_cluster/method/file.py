"""A method's file: found by name or path, read, and refused with the line of each fault."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from regso_cluster.errors import Fault, InputError
from regso_cluster.method.checks import find_contradictions
from regso_cluster.method.faults import line_of, shape_faults
from regso_cluster.method.identity import without_words
from regso_cluster.method.model import ADAPTER, Method
from regso_cluster.method.toml import decode_toml, parse_toml
from regso_cluster.method.yardstick import Yardstick, hash_plain, hash_yardstick


def builtin_methods() -> tuple[str, ...]:
    """Name the built-in methods, in alphabetical order.

    Returns
    -------
    the names, as `load_method` takes them

    Examples
    --------
    >>> "utanforskap" in builtin_methods()
    True
    """
    folder = resources.files("regso_cluster") / "methods"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_method(name_or_path: str | Path) -> Method:
    """Read a built-in method by its name, or a method file by its path.

    Parameters
    ----------
    name_or_path : as `builtin_methods` names them, or the path of a method file

    Returns
    -------
    the method, checked

    Raises
    ------
    InputError  no such method; a file that is not TOML; an unknown key, factor or unit, each with its line; [measured]
        without [frozen]: limits and cut points that no release stands for

    Examples
    --------
    >>> load_method("utanforskap").name
    'utanforskap'
    """
    text = str(name_or_path)
    if text in builtin_methods():
        return parse_method((resources.files("regso_cluster") / "methods" / f"{text}.toml").read_text("utf-8"), text)
    path = Path(text)
    if not path.is_file():
        known = ", ".join(builtin_methods())
        raise InputError(Fault("no such method", text, "a built-in method or a file", text, f"Built in: {known}."))
    text = decode_toml(path)
    method = parse_method(text, path.name)
    if method.measured and not method.frozen and not _stands_in_its_release(method.measured, path):
        hint = (
            "`regso-cluster freeze RELEASE --out FILE` writes limits and cut points for other tables, and names "
            "their release. Without [measured] everything is measured anew."
        )
        place = f"{path.name}, line {line_of(text, ('measured',))}"
        raise InputError(Fault("limits and cut points that no release stands for", place, "[frozen]", "none", hint))
    return method


def _stands_in_its_release(measured: Yardstick, path: Path) -> bool:
    """Whether a method file lies in a release whose manifest names what it measured."""
    try:
        manifest = json.loads((path.parent / "manifest.json").read_text("utf-8"))
        return bool(manifest["yardstick"]["sha256"] == hash_yardstick(measured))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def parse_method(text: str, source: str = "method") -> Method:
    """Read a method from TOML text; `source` is what faults name as the place.

    Raises
    ------
    InputError  every fault of the text at once, each with its line
    """
    plain = parse_toml(text, source)
    if not plain:
        raise InputError(
            Fault("an empty method", source, hint="`regso-cluster methods utanforskap` prints an example.")
        )
    try:
        method = ADAPTER.validate_json(json.dumps(plain, default=str), strict=True)
    except RecursionError as error:
        raise InputError(
            Fault("rules nested too deep", source, hint="A rule of three levels says all there is.")
        ) from error
    except ValidationError as error:
        raise InputError(shape_faults(error, text, source)) from error
    except ValueError as error:  # a whole number of thousands of digits
        raise InputError(Fault("not valid TOML", source, got=str(error)[:200])) from error
    method = _understood_now(method, plain)
    faults = [
        Fault(what, f"{source}, line {line_of(text, place)}", hint=hint)
        for place, what, hint in find_contradictions(method)
    ]
    if faults:
        raise InputError(faults)
    return method


def hash_as_written(text: str) -> str:
    """Give the hash that a method had when it was written, by a version that may have known fewer keys."""
    plain = tomllib.loads(text)
    return hash_plain(plain if "frozen" in plain else {key: plain[key] for key in plain if key != "measured"})


def _understood_now(method: Method, plain: dict[str, Any]) -> Method:
    """Name the choices of a yardstick by today's hash where it was measured for the choices as they are written."""
    choices = {key: plain[key] for key in plain if key not in ("measured", "frozen", "baseline")}
    written = (hash_plain(without_words(choices)), hash_plain(choices))  # the second of earlier versions, words counted
    now = method.identity

    def renamed(yardstick: Yardstick) -> Yardstick:
        return replace(yardstick, choices_sha256=now) if yardstick.choices_sha256 in written else yardstick

    if method.measured:
        method = replace(method, measured=renamed(method.measured))
    if method.baseline:
        method = replace(method, baseline=replace(method.baseline, measured=renamed(method.baseline.measured)))
    return method
