"""The names of the 290 kommuner and 21 län as registers and letters write them: official, in the genitive, with codes.

Falu kommun, Region Gotland, Stockholms stad, Göteborgs stad, Upplands Väsby kn. A name is only taken where it can mean
one kommun: "Region Stockholm" is a region (a county council) and no kommun.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from regso_cluster.areas.edition_table import EditionTable, edition_table
from regso_cluster.areas.editions import kommun_names, lan_names

_WORDS = {"kommun", "kommuns", "kommunen", "stad", "stads", "kn", "municipality"}
# What a kommun calls itself where no rule makes it of the name: Falu kommun; Region Gotland, which has no other kommun.
_IRREGULAR = {"Falu": "Falun", "Region Gotland": "Gotland", "Gothenburg": "Göteborg"}


def plain_name(name: str) -> str:
    """Give a name without case, hyphens, doubled spaces and the words kommun, stad, kn; Swedish letters count."""
    text = unicodedata.normalize("NFC", name).casefold()
    text = re.sub(r"[\u00ad\u200b\ufeff]", "", text).translate(_HYPHENS)
    words = [word for word in text.split() if word.strip(".,()") not in _WORDS]
    return " ".join(words).strip(" .,")


_HYPHENS = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013\u2014\u2212"), " ")


def kommun_codes() -> dict[str, str]:
    """Give the codes of kommuner by their plain names, with those in the genitive. The caller must not change it."""
    return _kommun_codes(edition_table())


@cache
def _kommun_codes(_: EditionTable) -> dict[str, str]:
    plain = {plain_name(name): code for code, name in kommun_names().items()}
    names: dict[str, str] = {}
    for name, code in plain.items():
        for form in (f"{name}s", f"{name}:s"):
            if form not in plain:
                names[form] = code
    for said, name in (_IRREGULAR).items():
        names[plain_name(said)] = plain[plain_name(name)]
    return names | plain


def kommun_of_name(name: str) -> str | None:
    """Give the code of a kommun by its name, None where the name means none or more than one."""
    return kommun_codes().get(plain_name(name))


@cache
def _lan_codes(_: EditionTable) -> dict[str, str]:
    return {plain_name(name): code for code, name in lan_names().items()}


def lan_of_name(name: str) -> str | None:
    """Give the code of a län by its name, as "Stockholms län"; None where the name means none."""
    codes = _lan_codes(edition_table())
    plain = plain_name(name)
    return codes.get(plain) or codes.get(f"{plain} län") or codes.get(plain.removesuffix(" län"))
