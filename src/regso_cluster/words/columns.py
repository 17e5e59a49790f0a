"""What each column of a release means, in Swedish and English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from regso_cluster.method import Factor, Method, Text

if TYPE_CHECKING:
    pass

_COLUMNS = {
    "regso": Text("RegSO-kod", "RegSO code"),
    "area": Text("Områdeskod", "Code of the area"),
    "name": Text("Områdets namn (bara entydigt inom kommunen)", "Name of the area (unique only inside its kommun)"),
    "kommun": Text("Kommunkod", "Code of the kommun"),
    "kommun_name": Text("Kommunens namn", "Name of the kommun"),
    "lan": Text("Länskod", "Code of the län"),
    "population": Text("Antal boende, ur den klassade tabellen", "Residents, from the classified table"),
    "status": Text(
        "Områdets minst kända faktor: observed, suppressed, missing, too_few_residents",
        "The least known factor of the area: observed, suppressed, missing, too_few_residents",
    ),
    "n_problems": Text("Antal faktorer bortom sin gräns, bland de observerade", "Observed factors beyond their limit"),
    "n_observed": Text("Antal observerade faktorer", "Observed factors"),
    "composite_group": Text(
        "Sammanvägd grupp, 1 störst problematik; tom om oavgjord",
        "Composite group, 1 most problems; empty when undecided",
    ),
    "composite_group_name": Text("Gruppens namn", "Name of the group (Swedish; English in groups)"),
    "composite_group_free": Text(
        "Grupp efter årets siffror ensamma, utan regeln mot flimmer",
        "Group by this year's figures alone, without the no-flicker rule",
    ),
    "composite_group_mildest": Text("Grupp om inget som saknas är ett problem", "Group if nothing unseen is a problem"),
    "composite_group_harshest": Text("Grupp om allt som saknas är problem", "Group if everything unseen is a problem"),
    "composite_status": Text("decided eller undecided", "decided or undecided"),
    "composite_reason": Text("Varför gruppen är oavgjord", "Why the group is undecided"),
    "area_type": Text("Områdestyp, ur den klassade tabellen", "Type of the area, from the classified table"),
    "composite_group_probability": Text(
        "Sannolikheten att området hör till sin grupp, givet talens osäkerhet och utgåvans gränser",
        "Probability that the area belongs to its group, given the noise of the counts and the limits of the release",
    ),
    "composite_second": Text(
        "Sannolikaste andra grupp; om gruppen är oavgjord den sannolikaste",
        "The most likely other group; where the group is undecided, the most likely",
    ),
    "composite_second_probability": Text(
        "Sannolikheten för den näst sannolikaste gruppen", "Probability of the runner-up group"
    ),
    "composite_flip_factor": Text(
        "Faktorn där minst antal personer skulle ändra gruppen",
        "The factor in which the fewest persons would change the group",
    ),
    "composite_flip_persons": Text(
        "Så många fler (+) eller färre (-) i den faktorns täljare",
        "So many more (+) or fewer (-) in the numerator of that factor",
    ),
    "composite_flip_group": Text("Gruppen det då vore", "The group that it would be then"),
    "how_sure": Text(
        "Hur säker områdets grupp är: core, edge, undecided, not_assessed; gränserna står i metoden",
        "How sure the group of the area is: core, edge, undecided, not_assessed; the cut-offs stand in the method",
    ),
    "index": Text("Index, högt är sämre", "Index, high is worse"),
    "index_rank": Text("Indexets rang, 1 är sämst", "Rank of the index, 1 is the worst"),
    "index_rank_low": Text(
        "Rangintervallets sämsta ände; tom om osäkerheten inte mätts",
        "Worst end of the interval of the rank; empty where certainty was not measured",
    ),
    "index_rank_high": Text("Rangintervallets bästa ände", "Best end of the interval of the rank"),
    "index_percent_rank": Text(
        "Indexets procentrang: 0 bäst, 1 sämst", "Percent rank of the index: 0 the best, 1 the worst"
    ),
    "band": Text("Indexgrupp, 1 är sämst", "Band of the index, 1 is the worst"),
    "band_name": Text("Indexgruppens namn", "Name of the band (Swedish; English in groups)"),
    "band_probability": Text(
        "Sannolikheten att området hör till sin indexgrupp", "Probability that the area belongs to its band"
    ),
    "band_second": Text(
        "Sannolikaste andra indexgrupp; tom om ingen annan drogs",
        "The most likely other band; empty where no other was drawn",
    ),
    "band_second_probability": Text("Sannolikheten för den indexgruppen", "Probability of that band"),
    "band_flip_factor": Text(
        "Faktorn där minst antal personer skulle ändra indexgruppen",
        "The factor in which the fewest persons would change the band",
    ),
    "band_flip_persons": Text(
        "Så många fler (+) eller färre (-) i den faktorns täljare",
        "So many more (+) or fewer (-) in the numerator of that factor",
    ),
    "band_flip_group": Text("Indexgruppen det då vore", "The band that it would be then"),
    "cluster": Text("Kluster: områden med liknande profil", "Cluster: areas with alike profiles"),
    "cluster_name": Text(
        "Klustrets namn, efter dess profil", "Name of the cluster, from its profile (Swedish; English in groups)"
    ),
    "cluster_second": Text("Näst närmaste kluster", "The runner-up cluster"),
    "cluster_probability": Text(
        "Sannolikheten att området ligger närmast sitt kluster, givet talens osäkerhet",
        "Probability that the area lies nearest to its cluster, given the noise of the counts",
    ),
    "cluster_second_probability": Text(
        "Sannolikheten att området ligger närmast sitt näst närmaste kluster",
        "Probability that the area lies nearest to its runner-up cluster",
    ),
    "cluster_flip_factor": Text(
        "Faktorn där minst antal personer skulle ändra klustret",
        "The factor in which the fewest persons would change the cluster",
    ),
    "cluster_flip_persons": Text(
        "Så många fler (+) eller färre (-) i den faktorns täljare",
        "So many more (+) or fewer (-) in the numerator of that factor",
    ),
    "cluster_flip_group": Text("Klustret det då vore", "The cluster that it would be then"),
    "cluster_how_sure": Text(
        "Hur säkert klustret är: core, edge, undecided, not_assessed",
        "How sure the cluster is: core, edge, undecided, not_assessed",
    ),
    "composite_group_previous": Text("Sammanvägd grupp i föregående utgåva", "Composite group in the previous release"),
    "cluster_previous": Text("Kluster i föregående utgåva", "Cluster in the previous release"),
    "previous_comparable": Text(
        "Samma gräns i föregående utgåvas indelning; annars är dess grupper räknade i de nya gränserna",
        "The same border in the edition of the previous release; else its groups are those of the new borders",
    ),
    "previous_elsewhere": Text(
        "Andel av de boende som i föregående indelning hörde till ett annat område",
        "Share of the residents that lived in another area of the previous edition",
    ),
    "composite_change": Text(
        "Mot föregående utgåva: worse, better, same, unknown",
        "Against the previous release: worse, better, same, unknown",
    ),
    "synthetic": Text("Sant: siffrorna är påhittade", "True: the figures are made up"),
}
_FACTOR_PARTS = {
    "value": Text("värde", "value"),
    "status": Text(
        "observed, suppressed, missing eller too_few_residents",
        "observed, suppressed, missing or too_few_residents",
    ),
    "score": Text("skalat värde i indexet, högt är sämre", "scaled value in the index, high is worse"),
    "problem": Text("bortom gränsen", "beyond the limit"),
    "probability": Text(
        "sannolikheten att den verkliga nivån är bortom gränsen", "probability that the true rate is beyond the limit"
    ),
    "own_weight": Text(
        "andel av den utjämnade nivån som är områdets egen; resten är den enhets som den dras mot",
        "share of the shrunk rate that is the area's own; the rest is that of what it is drawn towards",
    ),
    "borrowed": Text(
        "problem på lånad styrka: den utjämnade nivån är bortom gränsen, den räknade är det inte",
        "a problem on borrowed strength: the shrunk rate is beyond the limit, the counted one is not",
    ),
    "flip_persons": Text(
        "så många fler (+) eller färre (-) i täljaren skulle föra området över gränsen",
        "so many more (+) or fewer (-) in the numerator would carry the area over the limit",
    ),
    "held": Text(
        "räknas som problem: bortom gränsen, eller problem förra året och ännu inte tydligt bättre",
        "counts as a problem: beyond the limit, or a problem last year and not yet clearly better",
    ),
    "tier": Text("behovsgrupp, 1 störst behov", "need group, 1 the largest need"),
}
_THEME_PARTS = {
    "index": Text("temats poäng", "score of the theme"),
    "rank": Text("temats rang, 1 är sämst", "rank of the theme, 1 is the worst"),
    "rank_low": Text(
        "temats rangintervall, sämsta ände; tom om osäkerheten inte mätts",
        "worst end of the interval of the theme's rank; empty where certainty was not measured",
    ),
    "rank_high": Text("temats rangintervall, bästa ände", "best end of the interval of the theme's rank"),
    "percent_rank": Text("temats procentrang", "percent rank of the theme"),
}


# the tables beside the areas have columns of their own, and some of the same name with another meaning
_OTHER_TABLES = {
    "groups": {
        "grouping": Text("Indelning", "Grouping"),
        "group": Text("Gruppens nummer; tom för områden i ingen grupp", "Number of the group; empty for no group"),
        "name_sv": Text("Gruppens namn på svenska", "Name of the group in Swedish"),
        "name_en": Text("Gruppens namn på engelska", "Name of the group in English"),
        "areas": Text("Antal områden", "Number of areas"),
        "residents": Text("Antal boende", "Number of residents"),
        "residents_share": Text("Andel av alla boende, procent", "Share of all residents, per cent"),
        "expected": Text("Väntat antal områden, givet talens osäkerhet", "Areas expected, given the noise of counts"),
        "expected_low": Text("Nedre ände av intervallet för antalet områden", "Lower end of the interval of areas"),
        "expected_high": Text("Övre ände av intervallet för antalet områden", "Upper end of the interval of areas"),
        "probability": Text(
            "Medelsannolikheten att gruppens områden hör dit",
            "Mean probability that the areas of the group belong to it",
        ),
        "how_sure": Text(
            "Hur säker gruppen är som helhet: core, edge, undecided, not_assessed",
            "How sure the group is as a whole: core, edge, undecided, not_assessed",
        ),
        "synthetic": _COLUMNS["synthetic"],
    },
    "certainty": {
        "regso": _COLUMNS["regso"],
        "area": _COLUMNS["area"],
        "grouping": Text("Indelning, eller problem i en faktor", "Grouping, or a problem in one factor"),
        "group": Text("Gruppens nummer; 1 för ett problem", "Number of the group; 1 for a problem"),
        "probability": Text("Sannolikheten att området hör dit", "Probability that the area belongs to it"),
        "counted": Text("Räknas dit i utgåvan", "Counted there in the release"),
        "false_discovery_rate": Text(
            "Andel av listan ner till detta område som väntas inte höra dit",
            "Share of the list down to this area that may be expected not to belong",
        ),
        "synthetic": _COLUMNS["synthetic"],
    },
    "factors": {
        "regso": _COLUMNS["regso"],
        "area": _COLUMNS["area"],
        "factor": Text("Faktor", "Factor"),
        "numerator": Text("Täljare", "Numerator"),
        "denominator": Text("Nämnare", "Denominator"),
        "value_counted": Text(
            "Värde som antalen ensamma ger, innan det dras mot områdets större område",
            "Value that the counts alone give, before it is drawn towards the area's parent",
        ),
        "value_low": Text("Nedre gräns för värdet, på metodens nivå", "Lower end of the value, at the method's level"),
        "value_high": Text("Övre gräns för värdet, på metodens nivå", "Upper end of the value, at the method's level"),
        "value": Text("Värde", "Value"),
        "unit": Text("Enhet", "Unit"),
        "status": Text(
            "observed, suppressed, missing eller too_few_residents",
            "observed, suppressed, missing or too_few_residents",
        ),
        "synthetic": _COLUMNS["synthetic"],
    },
    "lineage": {
        "cluster": Text("Klustrets nummer", "Number of the cluster"),
        "name_sv": Text("Klustrets namn på svenska", "Name of the cluster in Swedish"),
        "name_en": Text("Klustrets namn på engelska", "Name of the cluster in English"),
        "fate": Text("kept, split, merged, new eller gone", "kept, split, merged, new or gone"),
        "areas": Text("Antal områden i år", "Number of areas this year"),
        "residents": Text("Antal boende i år", "Number of residents this year"),
        "share_kept": Text(
            "Andel av förra årets boende i klustret som är kvar", "Share of last year's residents still in it"
        ),
        "share_from": Text("Andel av årets boende som var i det förut", "Share of its residents in it before"),
        "came_from": Text("Kluster som de kom från, procent", "Clusters they came from, per cent"),
        "went_to": Text("Kluster som de gick till, procent", "Clusters they went to, per cent"),
        "synthetic": _COLUMNS["synthetic"],
    },
}
# what stands above a column of a workbook, where the description is too long for that
_HEADINGS = {
    "area": Text("Områdeskod", "Area code"),
    "name": Text("Område", "Area"),
    "kommun": Text("Kommunkod", "Kommun code"),
    "kommun_name": Text("Kommun", "Kommun"),
    "lan": Text("Länskod", "Län code"),
    "population": Text("Boende", "Residents"),
    "status": Text("Status", "Status"),
    "n_problems": Text("Antal problem", "Problems"),
    "n_observed": Text("Observerade faktorer", "Observed factors"),
    "composite_group": Text("Sammanvägd grupp", "Composite group"),
    "composite_group_name": Text("Sammanvägd grupp, namn", "Composite group, name"),
    "composite_group_free": Text("Grupp utan regeln mot flimmer", "Group without the no-flicker rule"),
    "composite_group_mildest": Text("Mildaste möjliga grupp", "Mildest possible group"),
    "composite_group_harshest": Text("Svåraste möjliga grupp", "Harshest possible group"),
    "composite_status": Text("Gruppen avgjord?", "Group decided?"),
    "composite_reason": Text("Varför oavgjord", "Why undecided"),
    "index": Text("Index", "Index"),
    "index_rank": Text("Rang", "Rank"),
    "index_rank_low": Text("Rang, sämsta ände", "Rank, worst end"),
    "index_rank_high": Text("Rang, bästa ände", "Rank, best end"),
    "index_percent_rank": Text("Procentrang", "Percent rank"),
    "band": Text("Indexgrupp", "Index band"),
    "band_name": Text("Indexgrupp, namn", "Index band, name"),
    "cluster": Text("Kluster", "Cluster"),
    "cluster_name": Text("Kluster, namn", "Cluster, name"),
    "cluster_probability": Text("Klustrets sannolikhet", "Probability of the cluster"),
    "composite_group_probability": Text("Gruppens sannolikhet", "Probability of the group"),
    "composite_second": Text("Näst sannolikaste grupp", "Runner-up group"),
    "composite_second_probability": Text("Den gruppens sannolikhet", "Probability of the runner-up group"),
    "composite_flip_factor": Text("Faktor som lättast ändrar gruppen", "Factor that most easily changes the group"),
    "composite_flip_persons": Text("Så många personer", "So many persons"),
    "composite_flip_group": Text("Grupp det då vore", "Group it would be"),
    "band_second": Text("Näst sannolikaste indexgrupp", "Runner-up band"),
    "band_second_probability": Text("Den indexgruppens sannolikhet", "Probability of the runner-up band"),
    "band_flip_factor": Text("Faktor som lättast ändrar indexgruppen", "Factor that most easily changes the band"),
    "band_flip_persons": Text("Så många personer för annan indexgrupp", "So many persons to another band"),
    "band_flip_group": Text("Indexgrupp det då vore", "Band it would be"),
    "cluster_second_probability": Text("Det klustrets sannolikhet", "Probability of the runner-up cluster"),
    "cluster_flip_factor": Text("Faktor som lättast ändrar klustret", "Factor that most easily changes the cluster"),
    "cluster_flip_persons": Text("Så många personer för annat kluster", "So many persons to another cluster"),
    "cluster_flip_group": Text("Kluster det då vore", "Cluster it would be"),
    "how_sure": Text("Hur säkert", "How sure"),
    "cluster_how_sure": Text("Hur säkert klustret är", "How sure the cluster is"),
    "band_probability": Text("Indexgruppens sannolikhet", "Probability of the index band"),
    "expected": Text("Väntat antal", "Expected"),
    "expected_low": Text("Lägst", "Lowest"),
    "expected_high": Text("Högst", "Highest"),
    "probability": Text("Sannolikhet", "Probability"),
    "previous_comparable": Text("Samma gräns förut", "Same border before"),
    "previous_elsewhere": Text("Andel från andra områden", "Share from other areas"),
    "composite_group_previous": Text("Sammanvägd grupp, förra utgåvan", "Composite group, previous release"),
    "cluster_previous": Text("Kluster, förra utgåvan", "Cluster, previous release"),
    "composite_change": Text("Förändring", "Change"),
    "synthetic": Text("Påhittade siffror", "Made-up figures"),
    "group": Text("Grupp", "Group"),
    "name_sv": Text("Namn (svenska)", "Name (Swedish)"),
    "name_en": Text("Namn (engelska)", "Name (English)"),
    "areas": Text("Områden", "Areas"),
    "residents": Text("Boende", "Residents"),
    "residents_share": Text("Andel boende, %", "Share of residents, %"),
    "fate": Text("Öde", "Fate"),
    "share_kept": Text("Kvar, andel", "Kept, share"),
    "share_from": Text("Från förut, andel", "From before, share"),
    "came_from": Text("Kom från", "Came from"),
    "went_to": Text("Gick till", "Went to"),
}
_FACTOR_HEADINGS = {
    "status": Text("status", "status"),
    "score": Text("skalat värde", "scaled value"),
    "problem": Text("problem", "problem"),
    "held": Text("räknas som problem", "counts as a problem"),
    "probability": Text("sannolikhet", "probability"),
    "own_weight": Text("egen andel", "own share"),
    "borrowed": Text("lånad styrka", "borrowed"),
    "flip_persons": Text("personer till gränsen", "persons needed"),
    "tier": Text("behovsgrupp", "need group"),
}
UNITS = {
    "per cent": Text("%", "%"),
    "per 1000": Text("per 1\u00a0000", "per 1,000"),
    "share": Text("andel", "share"),
    "rank": Text("rang", "rank"),
    "score": Text("poäng", "score"),
}
_MEAN = Text("medelvärdet av områdenas värden", "mean of the areas' values")
Table = Literal["areas", "groups", "factors", "lineage", "certainty"]


def describe_columns(columns: Iterable[str], method: Method, table: Table = "areas") -> pd.DataFrame:
    """Say what each column of a table of a release means.

    Returns
    -------
    a row a column, in the order given: column, sv, en, unit (as the method says), unit_sv, unit_en (as it is shown)

    Raises
    ------
    KeyError  a column that has no description: a release must not have one
    """
    if table == "areas":
        known = {name: (text, "") for name, text in _COLUMNS.items()} | _describe_factors(method)
        known |= _describe_absolute(known)
    else:
        known = {name: (text, "") for name, text in _OTHER_TABLES[table].items()}
        for factor in method.factors:
            whole = Text(f"{factor.name.sv}: gruppen som helhet", f"{factor.name.en}: the group as a whole")
            if factor.averaged:
                by = Text(", vägt med boende", ", weighted by residents") if method.table.population else Text("", "")
                whole = Text(f"{factor.name.sv}: {_MEAN.sv}{by.sv}", f"{factor.name.en}: {_MEAN.en}{by.en}")
            known[f"{factor.key}_value"] = (whole, factor.unit)
    shown = {f"{factor.key}_value": unit_of(factor) for factor in method.factors}
    rows = []
    for column in columns:
        text, unit = known[column]
        named = shown.get(column.removesuffix("_absolute"), Text(unit, unit)) if unit else Text("", "")
        rows.append((column, text.sv, text.en, unit, named.sv, named.en))
    return pd.DataFrame(rows, columns=["column", "sv", "en", "unit", "unit_sv", "unit_en"])


def unit_of(factor: Factor) -> Text:
    """Give what the unit of a factor is called where it is shown: the method's own words, or those of the program."""
    return factor.unit_name or UNITS[factor.unit]


def say_unit(row: dict[Any, Any]) -> str:
    """Give the unit of a described column in one text for both languages: as the method says, or by its own name."""
    if not row["unit"] or (row["unit_sv"], row["unit_en"]) == (UNITS[row["unit"]].sv, UNITS[row["unit"]].en):
        return str(row["unit"])
    return " / ".join(dict.fromkeys((str(row["unit_sv"]), str(row["unit_en"]))))


def head_columns(columns: Iterable[str], method: Method, table: Table = "areas") -> pd.DataFrame:
    """Give each column of a table of a release the short heading that a person reads.

    Returns
    -------
    a row a column, in the order given: column, sv, en; no heading stands twice in one language

    Raises
    ------
    KeyError  a column that has no description
    """
    rows = []
    for row in describe_columns(columns, method, table).to_dict("records"):
        heading = _HEADINGS.get(row["column"]) or _head_factor(row["column"], method, table)
        # what has no heading of its own is headed by the beginning of its description
        start = {language: re.split(r"[,;(:]", row[language])[0].strip() for language in ("sv", "en")}
        rows.append((row["column"], *((heading.sv, heading.en) if heading else start.values())))
    headings = pd.DataFrame(rows, columns=["column", "sv", "en"])
    for language in ("sv", "en"):
        seen = Counter(text.casefold() for text in headings[language])
        twins = headings[language].str.casefold().map(seen) > 1
        headings.loc[twins, language] += " [" + headings["column"][twins] + "]"
    return headings


def _head_factor(column: str, method: Method, table: Table) -> Text | None:
    base = column.removesuffix("_absolute")
    suffix = Text(", fasta gränser", ", fixed limits") if base != column else Text("", "")
    if base != column and base in _HEADINGS:
        return Text(_HEADINGS[base].sv + suffix.sv, _HEADINGS[base].en + suffix.en)
    for factor in method.factors:
        if base == f"{factor.key}_value":
            unit = unit_of(factor)
            if table == "groups" and factor.averaged:
                suffix = Text(f", {_MEAN.sv}", f", {_MEAN.en}")
            return Text(f"{factor.name.sv}, {unit.sv}{suffix.sv}", f"{factor.name.en}, {unit.en}{suffix.en}")
        for part, text in _FACTOR_HEADINGS.items():
            if base == f"{factor.key}_{part}":
                return Text(f"{factor.name.sv}: {text.sv}{suffix.sv}", f"{factor.name.en}: {text.en}{suffix.en}")
    for theme in method.index.themes if method.index else ():
        for part, text in _THEME_PARTS.items():
            if base == f"{theme.key}_{part}":
                return Text(f"{theme.name.sv}: {text.sv}{suffix.sv}", f"{theme.name.en}: {text.en}{suffix.en}")
    return None


def _describe_factors(method: Method) -> dict[str, tuple[Text, str]]:
    known: dict[str, tuple[Text, str]] = {}
    for factor in method.factors:
        for part, text in _FACTOR_PARTS.items():
            unit = factor.unit if part == "value" else ""
            named = Text(f"{factor.name.sv}: {text.sv}", f"{factor.name.en}: {text.en}")
            known[f"{factor.key}_{part}"] = (named, unit)
    for theme in method.index.themes if method.index else ():
        for part, text in _THEME_PARTS.items():
            named = Text(f"{theme.name.sv}: {text.sv}", f"{theme.name.en}: {text.en}")
            known[f"{theme.key}_{part}"] = (named, "")
    return known


def _describe_absolute(known: dict[str, tuple[Text, str]]) -> dict[str, tuple[Text, str]]:
    against = Text(
        ", mot gränserna i den utgåva som metoden bär med sig", ", by the limits that the method carries along"
    )
    return {
        f"{name}_absolute": (Text(text.sv + against.sv, text.en + against.en), unit)
        for name, (text, unit) in known.items()
    }


GROUPINGS = ("composite_group", "cluster", "band")


DECIMALS = {"share": 3, "score": 2, "rank": 0}  # as the page shows them; others have one
