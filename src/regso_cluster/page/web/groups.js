// Groups and kommuner read one by one, and two side by side.

import { chip } from "./chip.js";
import { profile } from "./charts.js";
import { all, areasOf, countryRate, everyArea, exists, fullName, groupColour, groupings, hasKommuner, hasLimits, hasResidents, lanName, rate, residents } from "./data.js";
import { byId, el, option, put, scroller, simpleTable } from "./dom.js";
import { boundsOf, hasMap } from "./outlines.js";
import { locator } from "./map.js";
import { clusterWords } from "./sentences.js";
import { go, now, write } from "./state.js";
import { lang, amount, list, number, pick, t } from "./words.js";

const LISTED = 40; // areas named under a group

// A subject is "country", "kommun:0180" or "composite_group:2".
export function subject(year, id) {
  const [kind, key] = id.split(":");
  if (kind === "country" || !key) return { id: "country", name: t("country"), places: areasOf(year), colour: "#55504a" };
  if (kind === "kommun") {
    const number = all().kommuner.findIndex((one) => one.code === key);
    if (number < 0) return subject(year, "country");
    return { id, name: all().kommuner[number].name, places: all().inKommun[number].filter((place) => exists(year, place)), colour: "#12486b", kommun: number };
  }
  const group = groupings().includes(kind) && year.groups[kind]?.find((one) => String(one.group) === key);
  if (!group) return subject(year, "country");
  return { id, name: pick(group.name), group, grouping: kind, colour: groupColour(kind, group.group), places: areasOf(year).filter((place) => year[kind][place] === group.group) };
}

export const groupsView = { start: startGroups, offered: () => groupings().length > 0 || hasKommuner(), show: ({ year }) => showGroups(year) };

function startGroups() {
  for (const name of ["a", "b"]) byId(`subject-${name}`).addEventListener("change", (event) => go({ [name]: event.target.value }));
}

function showGroups(year) {
  const first = groupings().find((grouping) => grouping in year);
  const a = subject(year, now().a || (first ? `${first}:${year.groups[first][0]?.group}` : "country"));
  const b = subject(year, now().b || "country");
  fillChoice("subject-a", year, a.id);
  fillChoice("subject-b", year, b.id);
  put(byId("groups-place"),
    el("div", { class: "pair" }, (a.id === b.id ? [a] : [a, b]).map((one, place) => panel(year, one, place === 0 ? "own" : "second"))),
    compared(year, a, b));
}

function fillChoice(id, year, chosen) {
  const parts = groupings().filter((grouping) => grouping in year).map((grouping) => el("optgroup", { label: t(`grouping_${grouping}`) },
    year.groups[grouping].filter((one) => one.group !== null).map((one) => option(`${grouping}:${one.group}`, pick(one.name), chosen))));
  const kommuner = [...all().kommuner].sort((one, other) => one.name.localeCompare(other.name, lang()));
  byId(id).replaceChildren(option("country", t("country"), chosen), ...parts, ...(!hasKommuner() ? [] : [el("optgroup", { label: t("kommuner") }, kommuner.map((one) => option(`kommun:${one.code}`, one.name, chosen)))]));
}

function sizeWords(year, places) {
  const everyone = residents(year, everyArea());
  if (!everyone) return t("subject_areas", { areas: number(places.length) });
  const [own, areas] = [residents(year, places), number(places.length)];
  return t(places.length === 1 ? "subject_size_one" : "subject_size", { areas, residents: number(own), share: number((100 * own) / everyone, 1) });
}

function panel(year, one, mark) {
  const words = [el("p", { class: "portrait" }, one.group?.portrait ? pick(one.group.portrait) : sizeWords(year, one.places))];
  if (one.grouping === "cluster") words.push(...clusterWords(year).map((said) => el("p", { class: "small" }, said)));
  words.push(one.group ? byLan(year, one) : inGroups(year, one));
  if (one.group || one.kommun !== undefined) words.push(areaList(year, one));
  return el("section", { class: "panel" },
    el("h3", {}, el("i", { class: `mark ${mark}`, "aria-hidden": "true" }), one.name),
    el("div", { class: "panel-parts" }, el("div", {}, words), hasMap() && one.places.length ? whereMap(year, one) : null));
}

function whereMap(year, one) {
  const inside = new Set(one.places);
  const grouping = groupings().find((name) => name in year);
  const colour = (place) => (one.kommun === undefined ? visible(one.colour) : groupColour(grouping, year[grouping]?.[place]));
  const dots = one.kommun === undefined && one.places.length < 400;
  const drawn = locator(one.places, everyArea().map((place) => (inside.has(place) ? colour(place) : "#ece9e2")), boundsOf(one.kommun === undefined ? everyArea() : one.places), { width: 260, height: one.kommun === undefined ? 420 : 260, dots });
  drawn.setAttribute("aria-label", t("map_of", { what: one.name }));
  return drawn;
}

// A pale group would not be seen on the pale country.
function visible(colour) {
  return d3.lab(colour).l > 85 ? "#c98b5a" : colour;
}

// Areas, and residents where they are known.
function counts(year, places) {
  return [number(places.length), ...(hasResidents(year) ? [number(residents(year, places))] : [])];
}

function countHeads(year) {
  return [t("areas"), ...(hasResidents(year) ? [t("column_residents")] : [])];
}

function byLan(year, one) {
  if (!hasKommuner()) return null;
  const rows = all().lan.map((lan) => [lanName(lan.code), one.places.filter((place) => all().kommuner[all().areas.kommun[place]].lan === lan.code)])
    .filter(([, places]) => places.length).sort((x, y) => y[1].length - x[1].length);
  return el("details", {}, el("summary", {}, t("where_by_lan")), simpleTable(t("where_by_lan"), [t("column_lan"), ...countHeads(year)],
    rows.map(([name, places]) => [name, ...counts(year, places)])));
}

function inGroups(year, one) {
  return groupings().filter((grouping) => grouping in year).map((grouping) => scroller(t(`grouping_${grouping}`), simpleTable(t(`grouping_${grouping}`), [t("group"), ...countHeads(year)],
    year.groups[grouping].map((group) => {
      const places = one.places.filter((place) => year[grouping][place] === group.group);
      return [chip(year, grouping, group.group), ...counts(year, places)];
    }))));
}

function areaList(year, one) {
  const most = [...one.places].sort((x, y) => (year.population[y] ?? 0) - (year.population[x] ?? 0)).slice(0, LISTED);
  return el("details", {}, el("summary", {}, t("areas_of", { count: number(one.places.length) })),
    el("ul", { class: "plain" }, most.map((place) => el("li", {}, el("a", { href: write({ ...now(), view: "map", area: all().areas.code[place] }) }, fullName(place))))),
    one.places.length > LISTED ? el("p", { class: "small" }, t("more_in_table", { count: number(one.places.length - LISTED) })) : null);
}

// The chart and the table beneath it say the same.
function compared(year, a, b) {
  const factors = all().factors.filter((factor) => year.factors[factor.key]);
  const values = (one) => factors.map((factor) => rate(year, factor, one.places));
  const [own, other, country] = [values(a), values(b), factors.map((factor) => countryRate(year, factor))];
  const limits = factors.map((factor) => year.limits[factor.key] ?? null);
  const range = factors.map((factor) => Object.values(year.groups).flat().map((group) => group.values[factor.key]).filter((one) => one !== null && one !== undefined));
  const same = b.id === "country";
  const limited = hasLimits(year);
  const means = factors.filter((factor) => !factor.counts || factor.level === "kommun").map((factor) => pick(factor.name));
  const whole = a.id !== "country"; // else the whole stands there already
  const heads = [t("factor"), a.name, ...(same ? [] : [b.name]), ...(whole ? [t("country")] : []), ...(limited ? [t("limit")] : [])];
  return el("section", { class: "compared" },
    el("h3", {}, t("profile")), el("p", { class: "key" },
      el("span", {}, el("i", { class: "mark own" }), a.name), same ? null : el("span", {}, el("i", { class: "mark second" }), b.name),
      el("span", {}, el("i", { class: "mark country" }), t("country")), limited && el("span", {}, el("i", { class: "mark beyond" }), t("key_beyond"))),
    el("p", { class: "small" }, t("profile_note")),
    means.length ? el("p", { class: "small" }, t("profile_means", { factors: list(means) })) : null,
    el("div", { class: "beside" }, profile(factors, own, same ? null : other, country, limits, range),
    scroller(t("profile_table"), simpleTable(t("profile_table"), heads, factors.map((factor, place) => [pick(factor.name), ...[own[place], ...(same ? [] : [other[place]]), ...(whole ? [country[place]] : []), ...(limited ? [limits[place]] : [])].map((one) => amount(one, factor))])))));
}

