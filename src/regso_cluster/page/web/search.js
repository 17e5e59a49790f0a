// Find an area or a kommun: a combobox that reads out its choices (WAI-ARIA 1.2, "combobox with list popup").

import { all, kommunOf, search } from "./data.js";
import { byId, el } from "./dom.js";
import { CONTEXT, showAreas } from "./map.js";
import { go } from "./state.js";
import { t } from "./words.js";

let found = [];
let active = -1;

export function startSearch() {
  const field = byId("search");
  field.addEventListener("input", () => show(search(field.value), field.value));
  field.addEventListener("keydown", onKey);
  field.addEventListener("blur", () => window.setTimeout(() => show([]), 150));
}

// `asked` is what was typed; without it the list is only put away, and nothing is read out.
function show(next, asked = "") {
  found = next;
  active = -1;
  const options = found.map((one, place) => el("li", { role: "option", id: `found-${place}`, "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); take(place); } }, describe(one)));
  byId("search-list").replaceChildren(...options);
  byId("search-list").hidden = !found.length;
  byId("search").setAttribute("aria-expanded", String(found.length > 0));
  byId("search").removeAttribute("aria-activedescendant");
  byId("search-count").textContent = asked ? t("search_found", { count: found.length }) : "";
}

function describe(one) {
  if (one.kommun !== undefined) return [el("strong", {}, one.label), ` ${t("search_kommun", { count: all().inKommun[one.kommun].length })}`];
  return [el("strong", {}, one.label), ` ${kommunOf(one.place).name} · ${all().areas.code[one.place]}`];
}

function onKey(event) {
  if (event.key === "Escape") return show([]);
  if (event.key === "Enter" && found.length) { event.preventDefault(); return take(Math.max(active, 0)); }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !found.length) return;
  event.preventDefault();
  active = (active + step + found.length) % found.length;
  byId("search-list").querySelectorAll("li").forEach((node, place) => node.setAttribute("aria-selected", String(place === active)));
  byId("search").setAttribute("aria-activedescendant", `found-${active}`);
}

function take(place) {
  const one = found[place];
  byId("search").value = one.label;
  show([]);
  if (one.kommun !== undefined) {
    go({ view: "map" });
    showAreas(all().inKommun[one.kommun]);
  } else {
    go({ area: all().areas.code[one.place], view: "map" });
    showAreas([one.place], CONTEXT);
    byId("card-title")?.focus();
  }
}
