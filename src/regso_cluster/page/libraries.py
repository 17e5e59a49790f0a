"""The libraries that travel inside the page, and their licences; `page-libraries/fetch.py` brings them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from regso_cluster.errors import Fault, InputError

FOLDER = Path(__file__).resolve().parent / "_libraries"


@dataclass(frozen=True)
class Library:
    """A library: its name, version, kind of licence, the licence's text and the script."""

    name: str
    version: str
    license: str
    text: str
    script: str


def read_libraries(folder: Path = FOLDER) -> tuple[Library, ...]:
    """Read the libraries in the order in which they run.

    Raises
    ------
    InputError  they were not fetched when the package was built
    """
    listed = folder / "libraries.json"
    known = json.loads(listed.read_text("utf-8")) if listed.is_file() else []
    files = [folder / f"{one['name']}.{suffix}" for one in known for suffix in ("js", "LICENSE")]
    if not files or not all(file.is_file() for file in files):
        hint = (
            "Run `make page-libraries` in a clone of the repository (it needs npm, or fetches one), and install again."
        )
        raise InputError(Fault("the libraries of the page are not in this installation", "page", hint=hint))
    return tuple(
        Library(
            one["name"], one["version"], one["license"],
            (folder / f"{one['name']}.LICENSE").read_text("utf-8"),
            (folder / f"{one['name']}.js").read_text("utf-8"),
        )
        for one in known
    )  # fmt: skip
