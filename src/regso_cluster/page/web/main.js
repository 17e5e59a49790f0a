// Reads the data, fills the page, and keeps it in step with what the link says.

import { all, groupings, load, themeName, themes, yearOf } from "./data.js";
import { announce, byId, el, option } from "./dom.js";
import { yearAfter } from "./change.js";
import { disclosure } from "./sentences.js";
import { go, now, onChange, startState } from "./state.js";
import { VIEWS } from "./views.js";
import { number, pick, setLanguage, setOwnAreas, setWords, t } from "./words.js";

const BEAT = 1200; // milliseconds a year when playing
let timer = null;

async function start() {
  setWords(JSON.parse(byId("words").textContent));
  await load(byId("data").textContent.trim());
  setOwnAreas(!all().years.at(-1).edition);
  startState({ views: VIEWS.map((view) => view.name), years: all().years.map((year) => String(year.year)), themes: themes().map((theme) => theme.id), groupings: groupings(), codes: new Set(all().areas.code) });
  setLanguage(now().lang);
  byId("page").hidden = false;
  translate();
  startControls();
  for (const view of VIEWS) view.start?.();
  onChange(update);
  update(now(), {});
  byId("loading").remove();
  document.documentElement.dataset.ready = "map";
  window.setTimeout(() => {
    for (const view of VIEWS) view.finish?.();
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
  byId("disclosure").textContent = disclosure();
  byId("synthetic").hidden = !all().synthetic;
  byId("language").textContent = t("other_language");
  byId("language").lang = now().lang === "sv" ? "en" : "sv";
}

// What a page lacks has no place on it: a tab, a filter, a map.
function shape() {
  for (const view of VIEWS) {
    document.querySelector(`nav [data-view=${view.name}]`).parentElement.hidden = view.offered ? !view.offered() : false;
    view.shape?.();
  }
}

function startControls() {
  for (const link of document.querySelectorAll("nav [data-view]")) {
    link.addEventListener("click", (event) => { event.preventDefault(); go({ view: link.dataset.view }); });
  }
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); }); // the link holds what is shown, so "#main" may not take its place
  byId("language").addEventListener("click", () => go({ lang: now().lang === "sv" ? "en" : "sv" }));
  byId("theme").addEventListener("change", (event) => go({ by: event.target.value }));
  const { years } = all();
  const slider = byId("year");
  slider.max = String(years.length - 1);
  slider.addEventListener("input", () => go({ year: String(years[Number(slider.value)].year) }, { replace: true }));
  byId("year-tools").hidden = years.length < 2;
  byId("play").addEventListener("click", () => (timer ? stop() : play()));
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
  const view = VIEWS.find((one) => one.name === state.view);
  byId("controls").hidden = !view.controls.length;
  byId("theme-place").hidden = !view.controls.includes("theme");
  fillControls(state, theme);
  if (before.view === state.view && view.controls.length && (before.year !== state.year || before.by !== state.by)) announce(shownWords(view, state, theme));
  if (before.view && before.view !== state.view) { byId("main").focus(); announce(t(`view_${state.view}`)); window.scrollTo(0, 0); }
  view.show({ year, theme, state, before });
}

// What a change of year or theme shows now, for those who do not see it.
function shownWords(view, state, theme) {
  return view.controls.includes("theme") ? t("map_shown", { what: themeName(theme), year: state.year }) : `${t("year")} ${state.year}`;
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
}

start().catch((error) => {
  byId("loading").textContent = `Sidan kunde inte visas. The page could not be shown. ${error.message}`;
  throw error;
});
