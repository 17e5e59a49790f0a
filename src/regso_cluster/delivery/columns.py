"""What each column of a release means, in Swedish and English."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from regso_cluster.method import Method, Text

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
    "cluster": Text("Kluster: områden med liknande profil", "Cluster: areas with alike profiles"),
    "cluster_name": Text(
        "Klustrets namn, efter dess profil", "Name of the cluster, from its profile (Swedish; English in groups)"
    ),
    "cluster_second": Text("Näst närmaste kluster", "The runner-up cluster"),
    "cluster_probability": Text(
        "Sannolikheten att området ligger närmast sitt kluster, givet talens osäkerhet",
        "Probability that the area lies nearest to its cluster, given the noise of the counts",
    ),
    "cluster_how_sure": Text(
        "Hur säkert klustret är: core, edge, undecided, not_assessed",
        "How sure the cluster is: core, edge, undecided, not_assessed",
    ),
    "composite_group_previous": Text("Sammanvägd grupp i föregående utgåva", "Composite group in the previous release"),
    "cluster_previous": Text("Kluster i föregående utgåva", "Cluster in the previous release"),
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
    "held": Text(
        "räknas som problem: bortom gränsen, eller problem förra året och ännu inte tydligt bättre",
        "counts as a problem: beyond the limit, or a problem last year and not yet clearly better",
    ),
    "tier": Text("behovsgrupp, 1 störst behov", "need group, 1 the largest need"),
}
_THEME_PARTS = {
    "index": Text("temats poäng", "score of the theme"),
    "percent_rank": Text("temats procentrang", "percent rank of the theme"),
}


def describe_columns(columns: Iterable[str], method: Method) -> pd.DataFrame:
    """Say what each column means.

    Returns
    -------
    a row a column, in the order given: column, sv, en, unit

    Raises
    ------
    KeyError  a column that has no description: a release must not have one
    """
    known = {name: (text, "") for name, text in _COLUMNS.items()}
    for factor in method.factors:
        for part, text in _FACTOR_PARTS.items():
            unit = factor.unit if part == "value" else ""
            known[f"{factor.key}_{part}"] = (
                Text(f"{factor.name.sv}: {text.sv}", f"{factor.name.en}: {text.en}"),
                unit,
            )
    for theme in method.index.themes if method.index else ():
        for part, text in _THEME_PARTS.items():
            known[f"{theme.key}_{part}"] = (
                Text(f"{theme.name.sv}: {text.sv}", f"{theme.name.en}: {text.en}"),
                "",
            )
    against = Text(
        ", mot gränserna i den utgåva som metoden bär med sig", ", by the limits that the method carries along"
    )
    absolute = {
        f"{name}_absolute": (Text(text.sv + against.sv, text.en + against.en), unit)
        for name, (text, unit) in known.items()
    }
    known |= absolute
    rows = [(column, known[column][0].sv, known[column][0].en, known[column][1]) for column in columns]
    return pd.DataFrame(rows, columns=["column", "sv", "en", "unit"])
