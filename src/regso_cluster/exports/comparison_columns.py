"""What the causes and the columns of a comparison mean, in Swedish and English."""

from __future__ import annotations

import pandas as pd

from regso_cluster.schema import columns as c
from regso_cluster.words.texts import WORDS
from regso_cluster.years.change import CAUSES as CAUSES_IN_ORDER

# in the words of the page; in English as they stand inside a line
CAUSES = {cause: (said["sv"], said["en"][0].lower() + said["en"][1:])
          for cause in CAUSES_IN_ORDER for said in [WORDS[f"cause_{cause}"]]}  # fmt: skip

_COLUMNS = {
    "grouping": ("Vilken gruppering", "which grouping"),
    "area": ("Områdets kod i den senare utgåvan", "code of the area in the later edition"),
    "name": ("Områdets eller platsens namn", "name of the area or place"),
    "kommun": ("Kommunkod", "code of the kommun"),
    c.KOMMUN_NAME: ("Kommunens namn", "name of the kommun"),
    "lan": ("Länskod", "code of the län"),
    "lan_name": ("Länets namn", "name of the län"),
    "old": ("Grupp det tidigare året; tom om oavgjord", "group in the earlier year; empty when undecided"),
    "new": ("Grupp det senare året", "group in the later year"),
    "old_probability": ("Gruppens sannolikhet det tidigare året", "probability of the group in the earlier year"),
    "new_probability": ("Gruppens sannolikhet det senare året", "probability of the group in the later year"),
    c.HOW_SURE: ("Hur säker gruppen är det senare året: core, edge, undecided, not_assessed",
                 "how sure the group of the later year is: core, edge, undecided, not_assessed"),
    "cause": ("Orsak: steget då området senast lämnade sin gamla grupp",
              "cause: the step at which the area left its old group for the last time"),
    "residents": ("Boende, det senare året", "residents, of the later year"),
    "comparable": ("Nej: områdets gräns ändrades mellan utgåvorna", "no: the border changed between the editions"),
    "elsewhere": ("Andel av de boende som kom från ett annat område; tom om okänt",
                  "share of the residents that came from another area; empty when not known"),
    "left": ("Områden som lämnade gruppen", "areas that left the group"),
    "left_share": ("Andel av de boende i det gamla området med samma kod som nu hör till andra områden",
                   "share of the residents of the old area of this code that now live in other areas"),
    "factor": ("Faktor", "factor"),
    "unit": ("Enhet", "unit"),
    "old_value": ("Värde det tidigare året", "value in the earlier year"),
    "moved_value": ("Det tidigare årets värde i de nya gränserna", "value of the earlier year in the later borders"),
    "new_value": ("Värde det senare året", "value in the later year"),
    "old_limit": ("Gräns det tidigare året", "limit in the earlier year"),
    "new_limit": ("Gräns det senare året", "limit in the later year"),
    "old_problem": ("Problem det tidigare året", "a problem in the earlier year"),
    "new_problem": ("Problem det senare året", "a problem in the later year"),
    "denominator": ("Nämnare det senare året", "denominator in the later year"),
    "persons": ("Så många fler (färre om negativt) i täljaren hade hållit området på sin gamla sida av gränsen, eller "
                "närmare sitt gamla kluster",
                "so many more (fewer where negative) in the numerator would have kept the area on its old side of the "
                "limit, or nearer its old cluster"),
    "text_sv": ("Samma sak i ord", "the same in words, in Swedish"),
    "text_en": ("Samma sak i ord, på engelska", "the same in words"),
    "part": ("figures: nya siffror; yardstick: skalan och centra flyttade sig",
             "figures: new figures; yardstick: the scale and the centres moved"),
    "share": ("Andel av det som förde området mot sitt nya kluster",
              "share of what carried the area toward its new cluster"),
    "areas": ("Antal områden", "number of areas"),
    "group": ("Grupp", "group"),
    "move": ("entered: kom in; left: lämnade; stayed: blev kvar", "entered, left or stayed"),
    "other": ("Grupp som området kom från eller gick till", "group that it came from or went to"),
    "level": ("kommun eller län", "kommun or län"),
    "code": ("Kod för kommunen eller länet", "code of the kommun or län"),
    "before": ("Områden i gruppen det tidigare året", "areas in the group in the earlier year"),
    "after": ("Områden i gruppen det senare året", "areas in the group in the later year"),
    "entered": ("Områden som kom in i gruppen", "areas that entered the group"),
    "stayed": ("Områden som blev kvar", "areas that stayed"),
    "residents_entered": ("Boende i områden som kom in", "residents of areas that entered"),
    "residents_left": ("Boende i områden som lämnade", "residents of areas that left"),
    "residents_stayed": ("Boende i områden som blev kvar", "residents of areas that stayed"),
    "weight": ("Räknat i områden eller i boende", "counted in areas or in residents"),
    "persistence": ("Andel som är kvar i gruppen det senare året", "share that is in the group in the later year"),
    "years_in_group": ("Väntat antal år i gruppen: åren mellan / (1 - persistence); i arbetsboken tom om ingen lämnar "
                       "den",
                       "expected years in it: years between / (1 - persistence); in the workbook empty where none "
                       "leaves"),
    "steady_state": ("Andel som samma övergångar skulle leda till i längden",
                     "share that the same transitions would lead to in the end"),
    "pairs": ("Antal par av år som övergångarna räknats över; år i gruppen och jämvikt kräver minst 4",
              "pairs of years that transitions were counted over; years in the group and the steady state need 4"),
    "mobility": ("Rörlighet: 0 ingen flyttar, 1 som om grupper drogs på nytt (Shorrocks)",
                 "mobility: 0 nobody moves, 1 as if groups were drawn anew (Shorrocks)"),
    "lost": ("Områden där faktorn syns bara det tidigare året", "areas that show the factor in the earlier year alone"),
    "gained": ("Områden där faktorn syns bara det senare året", "areas that show the factor in the later year alone"),
    "wasserstein": ("Medelförskjutning av de ordnade värdena, i enheten",
                    "mean shift of the sorted values, in the unit"),
    "ks": ("Största skillnad mellan de kumulativa andelarna", "largest difference of the cumulative shares"),
    "correlation": ("Korrelation mellan åren", "correlation between the years"),
    "moves": ("Antal byten på vägen", "changes of group on the way"),
    "change": ("Vad som hände med gränsen", "what happened to the border"),
    "predecessor": ("Området som de flesta boende kom från", "the area that most residents came from"),
    "sources": ("Antal gamla områden som ger en del", "number of old areas that give a part"),
    "weighted_by": ("Vad andelarna vägts med: population, land, area",
                    "what weighs the shares: population, land or area"),
    "renamed": ("Namnet ändrades", "the name was changed"),
    "takes_from": ("Områden som det fått mark från", "areas that it took ground from"),
    "gives_to": ("Områden som det gett mark till", "areas that it gave ground to"),
}  # fmt: skip
_WHEN = {"old": ("det tidigare året", "of the earlier year"), "new": ("det senare året", "of the later year")}
_MEASURES = {
    "mean": ("Medelvärde", "mean"),
    "sd": ("Standardavvikelse", "standard deviation"),
    "median": ("Median", "median"),
}


def describe_comparison(columns: list[str]) -> pd.DataFrame:
    """Say what each column of the tables of a comparison means.

    Returns
    -------
    a row a column, in the order given: column, sv, en

    Raises
    ------
    KeyError  a column that has no description: a comparison must not have one
    """
    known = dict(_COLUMNS)
    for measure, (sv, en) in _MEASURES.items():
        known |= {f"{measure}_{when}": (f"{sv} {of_sv}", f"{en} {of_en}") for when, (of_sv, of_en) in _WHEN.items()}
    known["synthetic"] = ("Sant: siffrorna är påhittade", "true: the figures are made up")
    rows = []
    for column in columns:
        if column.startswith("after_"):
            cause = column.split("_", 2)[2]
            sv, en = (f"Grupp efter steget: {CAUSES[cause][0]}", f"group after the step: {CAUSES[cause][1]}")
        elif column.isdecimal():
            sv, en = f"Grupp år {column}", f"group in {column}"
        else:
            sv, en = known[column]
        rows.append((column, sv, en))
    return pd.DataFrame(rows, columns=["column", "sv", "en"])
