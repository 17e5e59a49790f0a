"""TOML that a stranger sends: read with bounded memory and time, in UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from regso_cluster.errors import Fault, InputError

MOST_BYTES = 8 * 2**20  # a frozen method keeps a distribution of every factor: some 100 kB each
MOST_KEYS = 5_000
DEEPEST = 12  # parts of a dotted key; a parser keeps each beginning of it
NESTED = 24  # brackets within brackets; rules of three levels need some ten
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""|' + r"'''.*?'''|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'|#[^\n]*", re.DOTALL
)
_DOTTED = re.compile(rf"(?<![\w-])[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++){{{DEEPEST},}}")


def decode_toml(path: Path) -> str:
    """Read the text of a TOML file; a method or definition of an older Windows program is in Windows-1252.

    Raises
    ------
    InputError  a file larger than `MOST_BYTES`, or text in no encoding that is known
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        hint = "Is it the right file? A method is some kB of text."
        raise InputError(Fault("too large a file", path.name, f"at most {MOST_BYTES:,} bytes", f"{size:,}", hint))
    content = path.read_bytes()
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # Windows programs begin with a mark, PowerShell writes UTF-16
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise InputError(Fault("not UTF-8 text", path.name, hint="Save the file as UTF-8."))


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Read TOML after a look at how much it asks for.

    Raises
    ------
    InputError  not TOML; more keys, or deeper, than any method or definition needs
    """
    _check_claims(text, source)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        hint = "Decimals are written with a point, texts in quotes." if re.search(r"=\s*-?\d+,\d", text) else ""
        raise InputError(Fault("not valid TOML", source, got=str(error)[:200], hint=hint)) from error


def _check_claims(text: str, source: str) -> None:
    plain = _STRING.sub("_", text)
    keys = plain.count("=") + plain.count("[[")
    if keys > MOST_KEYS:
        hint = "No method or definition needs so many."
        raise InputError(Fault("too many keys", source, f"at most {MOST_KEYS:,}", f"{keys:,}", hint))
    depth = deepest = 0
    for bracket in re.finditer(r"[][{}]", plain):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > NESTED or _DOTTED.search(plain):
        hint = "A rule of three levels says all there is."
        raise InputError(Fault("keys or rules nested too deep", source, hint=hint))
