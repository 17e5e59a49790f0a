"""Parse and check the codes of RegSO, DeSO, kommuner and län.

A code is text: `0114R001` (kommun, R, number), `0114A0010` (kommun, A/B/C, number), `0114`, `01`.
Spreadsheets make numbers of the last two and lose the first zero; that is repaired, and listed in
`ParsedCodes.repaired`. A text beside a code ("0114R001 Bollstanäs", "0114 Upplands Väsby") is taken away and listed in
`ParsedCodes.beside`; beside the code of a kommun it must be the name of that kommun.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from regso_cluster.areas.edition_table import canonical_year
from regso_cluster.areas.editions import kommun_names, lan_names
from regso_cluster.areas.names import kommun_of_name, lan_of_name

Kind = Literal["regso", "deso", "kommun", "lan"]

# Digits of kommun (or län), what follows them, and the edition some of SCB's interfaces append.
_PATTERNS: dict[str, str] = {
    "regso": r"(\d{3,4})(R\d{3})(?:_REGSO(20\d\d))?",
    "deso": r"(\d{3,4})([ABC]\d{4})(?:_DESO(20\d\d))?",
    "kommun": r"(\d{3,4})(?:\.0+)?()()",
    "lan": r"(\d{1,2})(?:\.0+)?()()",
}
_HEADS: dict[str, str] = {
    "regso": r"\d{3,4}R\d{3}(?:_REGSO20\d\d)?",
    "deso": r"\d{3,4}[ABC]\d{4}(?:_DESO20\d\d)?",
    "kommun": r"\d{3,4}",
    "lan": r"\d{1,2}",
}
# A text begins with a letter, so that two numbers, or a code and a figure, are not taken for one code.
_BEFORE = r"({head})(?:\s*[,:;]\s*|\s+[-–]\s+|\s+)(\(?[^\W\d_].*)"
_AFTER = r"([^\W\d_].*?),?\s*\(({head})\)"
_ANY_CODE = re.compile(r"(?<!\d)\d{3,4}(?:R\d{3}|[ABC]\d{4})(?!\d)", re.IGNORECASE)
_EXAMPLES: dict[str, str] = {"regso": "0114R001", "deso": "0114A0010", "kommun": "0114", "lan": "01"}
_WIDTH: dict[str, int] = {"regso": 4, "deso": 4, "kommun": 4, "lan": 2}
_TEXT = pd.Series(["text"]).dtype  # str in pandas 3, object before
# A county table of SCB holds the country as 00, and its total must not become an area.
_COUNTRY = "00"


@dataclass(frozen=True)
class ParsedCodes:
    """The codes found in a column.

    Parameters
    ----------
    codes : normalised codes, with the index of the input; missing where the input was empty or refused
    repaired : columns `position` (0 is the first), `given`, `code`: what was mended for its lost zero or
        stood as a decimal number. Spaces, letter case and an edition's suffix are read past without a note
    refused : columns `position`, `given`, `reason`; an empty cell counts, with `given` missing
    editions : the years in suffixes such as `_RegSO2025`, ascending; empty where no code had one
    beside : columns `position`, `given`, `code`: codes with a text beside them that was taken away
    """

    codes: pd.Series[str]
    repaired: pd.DataFrame
    refused: pd.DataFrame
    editions: tuple[int, ...]
    beside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["position", "given", "code"]))


def parse_codes(values: Iterable[object], kind: Kind) -> ParsedCodes:
    """Read a column of codes.

    Parameters
    ----------
    values : text or numbers, a pandas Series or any sequence; None, NaN and NA are empty cells
    kind : "regso", "deso", "kommun" or "lan"

    Returns
    -------
    ParsedCodes

    Raises
    ------
    ValueError  a kind that does not exist

    Notes
    -----
    The kommun (or län) in a code must be one of the 290 (21) there are. Whether the RegSO itself exists
    depends on the edition: see `editions.check_edition`. A kommun without its zero is told by its length:
    114 is 0114, 1140 an unknown kommun.
    """
    if kind not in _PATTERNS:
        raise ValueError(f"kind must be one of {', '.join(_PATTERNS)}, got {kind!r}")
    given = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)
    text = given.astype(object).map(_as_text).astype(_TEXT)
    # One look at each distinct text: a table of counts repeats a code once for every age and sex.
    position, distinct = pd.factorize(text, use_na_sentinel=True)
    parsed = [*(_parse_beside(value, kind) for value in distinct), _Parsed(None, "an empty cell")]
    table = pd.DataFrame(parsed, columns=_Parsed._fields).take(position)  # -1, no text, takes the last row
    codes = pd.Series(table["code"].to_numpy(dtype=object), index=given.index, name=given.name).astype(_TEXT)
    repaired = np.flatnonzero(table["repaired"].to_numpy(dtype=bool))
    refused = np.flatnonzero(table["code"].isna())
    beside = np.flatnonzero(table["beside"].to_numpy(dtype=bool))
    shown = text.reset_index(drop=True)
    return ParsedCodes(
        codes=codes,
        repaired=pd.DataFrame(
            {"position": repaired, "given": shown.iloc[repaired].array, "code": codes.iloc[repaired].array}
        ),
        refused=pd.DataFrame(
            {
                "position": refused,
                "given": shown.iloc[refused].array,
                "reason": table["reason"].iloc[refused].array,
            }
        ),
        editions=tuple(sorted({int(year) for year in table["edition"]} - {0})),
        beside=pd.DataFrame({"position": beside, "given": shown.iloc[beside].array, "code": codes.iloc[beside].array}),
    )


def kommun_of(codes: pd.Series[str]) -> pd.Series[str]:
    """Give the kommun code (4 digits) of RegSO, DeSO or kommun codes; missing stays missing."""
    return codes.astype(_TEXT).str.slice(0, 4)


def lan_of(codes: pd.Series[str]) -> pd.Series[str]:
    """Give the län code (2 digits) of RegSO, DeSO, kommun or län codes; missing stays missing."""
    return codes.astype(_TEXT).str.slice(0, 2)


def _as_text(value: Any) -> str | None:
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # noqa: PLR0124 (NaN only)
        return None
    text = unicodedata.normalize("NFC", str(value)).strip().strip("\ufeff\u200b").strip()
    return text or None


class _Parsed(NamedTuple):
    """What was made of a text: the code, else why it was refused; edition 0 where none is written."""

    code: str | None
    reason: str = ""
    repaired: bool = False
    edition: int = 0
    beside: bool = False  # a text beside the code was left out


def _parse_beside(text: str, kind: Kind) -> _Parsed:
    """Parse a text, or the code alone where a text is beside it."""
    plain = _parse(text, kind)
    if plain.code is not None or len(text) > 200:
        return plain
    head = _HEADS[kind]
    before = re.fullmatch(_BEFORE.format(head=head), text, flags=re.IGNORECASE | re.DOTALL)
    after = re.fullmatch(_AFTER.format(head=head), text, flags=re.IGNORECASE | re.DOTALL)
    prefixed = re.fullmatch(r"SE[_ ]?(\d{4})", text, flags=re.IGNORECASE | re.ASCII)
    if before or after:
        code, said = (before[1], before[2]) if before else (after[2], after[1])  # type: ignore[index]
        return _parse_with_text(code, said, kind, plain)
    if prefixed and kind == "kommun":
        return _parse(prefixed[1], kind)._replace(beside=True)
    return plain


def _parse_with_text(code: str, said: str, kind: Kind, plain: _Parsed) -> _Parsed:
    """Parse a code and look at the text beside it: a name of the kommun or län, an edition, no second code."""
    found = _parse(code, kind)
    edition = re.fullmatch(r"\(?(?:REG|DE)SO[ _]?(20\d\d)\)?", said, flags=re.IGNORECASE | re.ASCII)
    named = {"kommun": kommun_of_name, "lan": lan_of_name}.get(kind, lambda _: found.code)(said)
    reason = ""
    if found.code is None:
        return found
    if named is None:
        return plain
    if named != found.code:
        reason = f"the code and the name beside it differ: {said[:40]!r} is {named}"
    elif _ANY_CODE.search(said):
        reason = "two codes in one cell"
    elif edition and not found.edition and kind in ("regso", "deso"):
        return _parse(f"{code}_{kind}{edition[1]}", kind)
    return _Parsed(None, reason) if reason else found._replace(beside=True)


def _parse(text: str, kind: Kind) -> _Parsed:
    """Parse a code that stands alone."""
    found = re.fullmatch(_PATTERNS[kind], text.upper(), flags=re.ASCII)
    if found is None:
        return _Parsed(None, f"not a {kind} code such as {_EXAMPLES[kind]}")
    digits, rest, edition = found.groups()
    region = digits.zfill(_WIDTH[kind])
    if kind == "lan":
        if region not in lan_names():
            why = "the whole country, not a län" if region == _COUNTRY else f"there is no län {region}"
            return _Parsed(None, why)
    elif region not in kommun_names():
        return _Parsed(None, f"there is no kommun {region}")
    repaired = len(digits) < len(region) or "." in text
    return _Parsed(region + rest, "", repaired, canonical_year(int(edition or 0)))
