// A card or a kommun on one sheet of A4: the sheet is built apart from the page and shown only to the printer.

import { chip } from "./chip.js";
import { strip, stripKey } from "./charts.js";
import { all, countryRate, everyArea, exists, fullName, groupColour, groupName, groupings, hasKommuner, hasLimits, lanName, mostAlike, nameOf, rangeOf, rate, residents } from "./data.js";
import { byId, el, put, simpleTable } from "./dom.js";
import { locator } from "./map.js";
import { boundsOf, hasMap } from "./outlines.js";
import { causeWords, changesOf, disclosure, factorFacts, flipless, flips, groupFlips, standing, warnings, whereWords } from "./sentences.js";
import { amount, number, pick, t } from "./words.js";

const ROWS = 30; // factors and areas on the sheet of a kommun
const CARD_FACTORS = 12;
const CARD_SHORT = 8; // with so many factors there is room for the history and areas alike
const YEARS = 8;
const MOVES = 3;
const KOMMUN_FACTORS = 14;

function printSheet(...parts) {
  put(byId("sheet"),
    el("p", { class: "disclosure" }, disclosure()),
    all().synthetic ? el("p", { class: "synthetic" }, t("synthetic_long")) : null,
    parts,
    el("footer", {}, t("sheet_foot", { title: pick(all().method.title), version: all().software })));
  document.documentElement.classList.add("printing-sheet");
  const over = () => document.documentElement.classList.remove("printing-sheet");
  window.addEventListener("afterprint", over, { once: true });
  window.print();
}

// Factors that a sheet of A4 has no room for are named on it.
function beyondRoom(year, room) {
  const left = all().factors.filter((factor) => year.factors[factor.key]).slice(room);
  return left.length ? el("p", { class: "small" }, t("more_factors", { factors: left.map((factor) => pick(factor.name)).join(", ") })) : null;
}

function groupMap(year, places, box, chosen = null) {
  if (!hasMap() || !box) return null;
  const grouping = groupings().find((name) => name in year);
  const drawn = locator(places, everyArea().map((place) => (grouping ? groupColour(grouping, year[grouping][place]) : all().colours.unknown)), box, { width: 260, height: 260, ratio: 3, chosen });
  drawn.setAttribute("aria-label", t("map_of", { what: "" }));
  return drawn;
}

export function printCard(year, place) {
  const own = all().inKommun[all().areas.kommun[place]];
  const box = boundsOf([place]);
  const turned = [...flips(year, place), ...groupFlips(year, place), ...flipless(year, place)];
  const warned = warnings(year, place); // with these, the letters are a little smaller
  printSheet(el("div", { class: warned.length ? "tight" : null },
    el("h1", {}, nameOf(place)), el("p", { class: "where" }, whereWords(year, place)),
    el("div", { class: "sheet-top" }, el("div", {}, [...standing(year, place), ...warned].map((one) => el("p", {}, one))), groupMap(year, own, box && widen(box), place)),
    el("h2", {}, t("card_factors")), stripKey({ kommun: hasKommuner(), limit: hasLimits(year) }),
    el("ul", { class: "factors" }, all().factors.filter((factor) => year.factors[factor.key]).slice(0, CARD_FACTORS).map((factor) => {
      const facts = factorFacts(year, factor, place);
      return el("li", {}, el("h4", {}, pick(factor.name)), strip(factor, { ...facts, range: rangeOf(year, factor) }), el("p", {}, facts.text));
    })), beyondRoom(year, CARD_FACTORS),
    turned.length ? [el("h2", {}, t("card_flips")), el("ul", {}, turned.map((one) => el("li", {}, one)))] : null,
    all().factors.length <= CARD_SHORT ? el("div", { class: "sheet-foot" }, pastYears(place), el("div", {}, alike(year, place), moves(year, place))) : moves(year, place)));
}

// The last moves between groups, and why.
function moves(year, place) {
  const moved = changesOf(place).slice(-MOVES);
  return moved.length ? el("ul", { class: "moved" }, moved.map((one) => el("li", {}, `${one.from}–${one.to}: ${groupName(year, one.grouping, one.old)} → ${groupName(year, one.grouping, one.group)}. ${causeWords(one.cause)}.`))) : null;
}

function pastYears(place) {
  const years = all().years.filter((year) => exists(year, place)).slice(-YEARS);
  const own = groupings();
  if (years.length < 2 || !own.length) return null;
  return simpleTable(t("card_history"), [t("year"), ...own.map((grouping) => t(`grouping_${grouping}`))],
    years.map((year) => [String(year.year), ...own.map((grouping) => (grouping in year ? chip(year, grouping, year[grouping][place]) : "–"))]), { numeric: false });
}

function alike(year, place) {
  const found = mostAlike(year, place);
  return found.length ? el("div", {}, el("h4", {}, t("card_alike")), el("ul", {}, found.map((one) => el("li", {}, fullName(one.place))))) : null;
}

function widen([west, south, east, north]) {
  const more = Math.max(east - west, north - south) * 0.6;
  return [west - more, south - more, east + more, north + more];
}

export function printKommun(year, number_) {
  const kommun = all().kommuner[number_];
  const places = all().inKommun[number_].filter((place) => exists(year, place));
  const factors = all().factors.filter((factor) => year.factors[factor.key]).slice(0, KOMMUN_FACTORS);
  const room = ROWS - factors.length;
  const grouping = groupings().find((name) => name in year);
  const order = [...places].sort((a, b) => (grouping ? (year[grouping][a] ?? 99) - (year[grouping][b] ?? 99) : 0) || (year.population[b] ?? 0) - (year.population[a] ?? 0));
  printSheet(
    el("h1", {}, t("kommun_sheet", { name: kommun.name })), el("p", { class: "where" }, `${lanName(kommun.lan)} · ${t("subject_size_short", { areas: number(places.length), residents: number(residents(year, places)) })} · ${year.year}`),
    el("div", { class: "sheet-top" },
      grouping ? simpleTable(t(`grouping_${grouping}`), [t("group"), t("areas"), t("column_residents")], year.groups[grouping].map((group) => {
        const own = places.filter((place) => year[grouping][place] === group.group);
        return [chip(year, grouping, group.group), number(own.length), number(residents(year, own))];
      })) : el("div", {}), groupMap(year, places, boundsOf(places))),
    simpleTable(t("kommun_factors"), [t("factor"), kommun.name, t("country"), t("limit"), t("areas_beyond")], factors.map((factor) => [pick(factor.name), amount(rate(year, factor, places), factor), amount(countryRate(year, factor), factor), amount(year.limits[factor.key] ?? null, factor), number(places.filter((place) => year.factors[factor.key].problem?.[place] === 1).length)])),
    beyondRoom(year, KOMMUN_FACTORS),
    simpleTable(t("kommun_areas"), [t("column_name"), t("column_code"), t("column_residents"), ...(grouping ? [t(`grouping_${grouping}`)] : [])], order.slice(0, room).map((place) => [nameOf(place), all().areas.code[place], number(year.population[place]), ...(grouping ? [groupName(year, grouping, year[grouping][place])] : [])]), { texts: [1, 3] }),
    places.length > room ? el("p", {}, t("more_in_table", { count: number(places.length - room) })) : null);
}
