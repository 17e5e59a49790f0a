// The map with its legend and the card of the chosen area.

import { all, classify, drawnOtherwise, exists, hasResidents, kommunOf, lanName, nameOf, themeName } from "./data.js";
import { announce, byId, el, option, put, swatch } from "./dom.js";
import { showCard } from "./card.js";
import { CONTEXT, colourMap, draw, labelMap, prepareFine, showAreas, showCountry, startMap } from "./map.js";
import { hasMap } from "./outlines.js";
import { startSearch } from "./search.js";
import { go, now } from "./state.js";
import { bordersWords, number, soft, t, unitWord } from "./words.js";

export const mapView = { start, finish, shape, show: showMapView };

function start() {
  startMap();
  startSearch();
  byId("as-table").addEventListener("click", (event) => { event.preventDefault(); go({ view: "table" }); });
  byId("go-place").addEventListener("change", (event) => {
    const code = event.target.value;
    if (!code) return showCountry();
    return showAreas(all().areas.code.map((_, place) => place).filter((place) => kommunOf(place).lan === code));
  });
}

function finish() {
  prepareFine();
  const place = all().position.get(now().area);
  if (place !== undefined) showAreas([place], CONTEXT);
}

function shape() {
  byId("go-place").replaceChildren(option("", t("whole_country"), ""), ...all().lan.map((one) => option(one.code, lanName(one.code), "")));
  byId("view-map").classList.toggle("bare", !hasMap());
  if (hasMap()) return;
  document.querySelector("nav [data-view=map]").textContent = t("view_areas");
  byId("view-map").setAttribute("aria-label", t("view_areas"));
  byId("view-map").querySelector("h2").textContent = t("view_areas");
}

function showMapView({ year, theme, state, before }) {
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

function legend({ classes, unknown }, theme, year) {
  const rows = [...classes, ...(unknown.areas ? [unknown] : [])];
  put(byId("legend"),
    el("caption", {}, `${themeName(theme)}, ${year.year}`, theme.kind === "value" ? el("span", { class: "small" }, ` ${unitWord(theme.factor, true)}`) : ""),
    el("thead", {}, el("tr", {}, [t("legend_class"), t("areas"), hasResidents(year) && t("column_residents")].filter(Boolean).map((one, place) => el("th", { scope: "col", class: place ? "number" : null }, one)))),
    el("tbody", {}, rows.map((one) => el("tr", {}, el("th", { scope: "row" }, el("span", { class: "chip" }, swatch(one.colour), el("span", {}, soft(one.label)))), el("td", { class: "number" }, number(one.areas)), hasResidents(year) && el("td", { class: "number" }, number(one.residents))))));
}
