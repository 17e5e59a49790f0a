// Reads the data, fills the page, and keeps it in step with what the link says.

import { all, classify, drawnOtherwise, exists, groupings, hasKommuner, hasResidents, kommunOf, lanName, load, themeName, themes, yearOf, nameOf } from "./data.js";
import { announce, byId, el, option, put, swatch } from "./dom.js";
import { showCard } from "./card.js";
import { showChange, startChange, yearAfter } from "./change.js";
import { showGroups, startGroups } from "./groups.js";
import { CONTEXT, colourMap, draw, labelMap, prepareFine, showAreas, showCountry, startMap } from "./map.js";
import { showMethod } from "./method.js";
import { hasMap } from "./outlines.js";
import { startSearch } from "./search.js";
import { go, now, onChange, startState } from "./state.js";
import { showTable, startTable } from "./table.js";
import { bordersWords, number, pick, setLanguage, setOwnAreas, setWords, soft, t, unitWord } from "./words.js";

const BEAT = 1200; // milliseconds a year when playing
let timer = null;

async function start() {
  setWords(JSON.parse(byId("words").textContent));
  await load(byId("data").textContent.trim());
  setOwnAreas(!all().years.at(-1).edition);
  startState({ years: all().years.map((year) => String(year.year)), themes: themes().map((theme) => theme.id), groupings: groupings(), codes: new Set(all().areas.code) });
  setLanguage(now().lang);
  byId("page").hidden = false;
  translate();
  startMap();
  startControls();
  startSearch();
  startTable();
  startGroups();
  startChange();
  onChange(update);
  update(now(), {});
  byId("loading").remove();
  document.documentElement.dataset.ready = "map";
  window.setTimeout(() => {
    prepareFine();
    const place = all().position.get(now().area);
    if (place !== undefined) showAreas([place], CONTEXT);
    document.documentElement.dataset.ready = "all";
  }, 30);
}

// Texts that stand in the page from the start carry their key.
function translate() {
  document.documentElement.lang = now().lang;
  document.title = `${pick(all().method.title)}${all().synthetic ? ` – ${t("synthetic_short")}` : ""}`;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  byId("title").textContent = pick(all().method.title);
  const [first, last] = [all().years[0], all().years.at(-1)];
  byId("subtitle").textContent = t("subtitle", { areas: number(last.areas), years: first === last ? last.year : `${first.year}–${last.year}` });
  shape();
  byId("synthetic").hidden = !all().synthetic;
  byId("language").textContent = t("other_language");
  byId("language").lang = now().lang === "sv" ? "en" : "sv";
}

// What a page lacks has no place on it: a tab, a filter, a map.
function shape() {
  const { years } = all();
  const link = (view) => document.querySelector(`nav [data-view=${view}]`);
  link("change").parentElement.hidden = !groupings().some((grouping) => years.filter((year) => grouping in year).length > 1);
  link("groups").parentElement.hidden = !groupings().length && !hasKommuner();
  byId("view-map").classList.toggle("bare", !hasMap());
  if (!hasMap()) {
    link("map").textContent = t("view_areas");
    byId("view-map").setAttribute("aria-label", t("view_areas"));
    byId("view-map").querySelector("h2").textContent = t("view_areas");
  }
  for (const name of ["lan", "kommun"]) byId(`filter-${name}`).parentElement.hidden = !hasKommuner();
  byId("filter-group").parentElement.hidden = !groupings().length;
}

function startControls() {
  for (const link of document.querySelectorAll("nav [data-view]")) {
    link.addEventListener("click", (event) => { event.preventDefault(); go({ view: link.dataset.view }); });
  }
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); }); // the link holds what is shown, so "#main" may not take its place
  byId("language").addEventListener("click", () => go({ lang: now().lang === "sv" ? "en" : "sv" }));
  byId("as-table").addEventListener("click", (event) => { event.preventDefault(); go({ view: "table" }); });
  byId("theme").addEventListener("change", (event) => go({ by: event.target.value }));
  const { years } = all();
  const slider = byId("year");
  slider.max = String(years.length - 1);
  slider.addEventListener("input", () => go({ year: String(years[Number(slider.value)].year) }, { replace: true }));
  byId("year-tools").hidden = years.length < 2;
  byId("play").addEventListener("click", () => (timer ? stop() : play()));
  byId("go-place").addEventListener("change", (event) => {
    const code = event.target.value;
    if (!code) return showCountry();
    return showAreas(all().areas.code.map((_, place) => place).filter((place) => kommunOf(place).lan === code));
  });
}

function play() {
  timer = window.setInterval(() => go({ year: String(yearAfter(now().year).year) }, { replace: true }), BEAT);
  byId("play").setAttribute("aria-pressed", "true");
  byId("play").textContent = t("stop");
}

function stop() {
  window.clearInterval(timer);
  timer = null;
  byId("play").setAttribute("aria-pressed", "false");
  byId("play").textContent = t("play");
}

function update(state, before) {
  if (timer && before.view !== state.view) stop(); // the button may not be there any more
  setLanguage(state.lang);
  if (before.lang && before.lang !== state.lang) translate();
  const year = yearOf(state.year);
  const theme = themes().find((one) => one.id === state.by);
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const view of document.querySelectorAll("[data-section]")) view.hidden = view.dataset.section !== state.view;
  byId("controls").hidden = state.view === "change";
  fillControls(state, theme);
  if (before.view === state.view && state.view !== "change" && (before.year !== state.year || before.by !== state.by)) announce(shownWords(state, theme));
  if (before.view && before.view !== state.view) { byId("main").focus(); announce(t(`view_${state.view}`)); window.scrollTo(0, 0); }
  if (state.view === "map") showMapView(year, theme, state, before);
  if (state.view === "table") showTable(year, theme);
  if (state.view === "groups") showGroups(year);
  if (state.view === "change") showChange();
  if (state.view === "method") showMethod(year);
}

// What a change of year or theme shows now, for those who do not see it.
function shownWords(state, theme) {
  return ["map", "table"].includes(state.view) ? t("map_shown", { what: themeName(theme), year: state.year }) : `${t("year")} ${state.year}`;
}

function showMapView(year, theme, state, before) {
  const classified = classify(theme, year);
  const label = (place) => (!exists(year, place) ? t("absent", { year: year.year }) : (classified.classes[classified.classOf[place]] ?? classified.unknown).label);
  const recolour = ["view", "year", "by", "lang"].some((name) => state[name] !== before[name]);
  if (recolour) {
    if (hasMap()) {
      colourMap(classified, label);
      labelMap(t("map_label", { what: themeName(theme), year: year.year }), credit(year));
    }
    legend(classified, theme, year);
  }
  const place = all().position.get(state.area);
  if (recolour || state.area !== before.area) {
    showCard(year, place);
    draw();
    if (before.view && place !== undefined && state.area !== before.area) announce(t("card_opened", { name: nameOf(place) }));
  }
}

// Whose outlines the map shows, and how far they are not those of the year.
function credit(year) {
  const { outlines } = all();
  if (!drawnOtherwise(year)) return t("map_credit", { outlines });
  return t("map_credit_other", { outlines, year: year.year, edition: year.edition, borders: bordersWords(year) });
}

function fillControls(state, theme) {
  const sections = d3.group(themes(), (one) => one.section);
  byId("theme").replaceChildren(...[...sections].map(([section, own]) => el("optgroup", { label: t(section) }, own.map((one) => option(one.id, themeName(one), theme.id)))));
  const { years } = all();
  const place = years.indexOf(yearOf(state.year));
  byId("year").value = String(place);
  byId("year").setAttribute("aria-valuetext", state.year);
  byId("year-shown").textContent = state.year;
  byId("play").textContent = t(timer ? "stop" : "play");
  byId("theme-place").hidden = ["groups", "method"].includes(state.view);
  if (!byId("go-place").options.length || byId("go-place").dataset.lang !== state.lang) {
    byId("go-place").replaceChildren(option("", t("whole_country"), ""), ...all().lan.map((one) => option(one.code, lanName(one.code), "")));
    byId("go-place").dataset.lang = state.lang;
  }
}

function legend({ classes, unknown }, theme, year) {
  const rows = [...classes, ...(unknown.areas ? [unknown] : [])];
  put(byId("legend"),
    el("caption", {}, `${themeName(theme)}, ${year.year}`, theme.kind === "value" ? el("span", { class: "small" }, ` ${unitWord(theme.factor, true)}`) : ""),
    el("thead", {}, el("tr", {}, [t("legend_class"), t("areas"), hasResidents(year) && t("column_residents")].filter(Boolean).map((one, place) => el("th", { scope: "col", class: place ? "number" : null }, one)))),
    el("tbody", {}, rows.map((one) => el("tr", {}, el("th", { scope: "row" }, el("span", { class: "chip" }, swatch(one.colour), el("span", {}, soft(one.label)))), el("td", { class: "number" }, number(one.areas)), hasResidents(year) && el("td", { class: "number" }, number(one.residents))))));
}

start().catch((error) => {
  byId("loading").textContent = `Sidan kunde inte visas. The page could not be shown. ${error.message}`;
  throw error;
});
