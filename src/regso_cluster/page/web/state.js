// What is shown stands in the link, so that a link reopens it: #lang=en&view=table&year=2023&area=0180R001

const PLAIN = ["area", "a", "b", "q", "lan", "kommun", "group", "sort", "columns", "page", "from", "to", "grouping"];

let state = {};
let known = {};
const listeners = [];

// `facts` says what a link may ask for: views, years, themes, groupings, codes of areas; anything else falls back.
export function startState(facts) {
  known = facts;
  state = read(location.hash);
  window.addEventListener("hashchange", () => {
    const next = read(location.hash);
    if (JSON.stringify(next) !== JSON.stringify(state)) {
      const before = state;
      state = next;
      tell(before);
    }
  });
}

export function read(hash) {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const oneOf = (name, allowed, fallback) => (allowed.includes(asked.get(name)) ? asked.get(name) : fallback);
  const found = {
    lang: oneOf("lang", ["sv", "en"], "sv"),
    view: oneOf("view", known.views, known.views[0]),
    year: oneOf("year", known.years, known.years.at(-1)),
    by: oneOf("by", known.themes, known.themes[0]),
  };
  for (const name of PLAIN) found[name] = asked.get(name) ?? "";
  found.lost = known.codes.has(found.area) ? "" : found.area.slice(0, 30); // an area that this page does not have
  if (found.lost) found.area = "";
  if (!known.groupings.includes(found.grouping)) found.grouping = known.groupings[0] ?? "";
  return found;
}

export function write(from) {
  const parts = new URLSearchParams();
  for (const name of ["lang", "view", "year", "by", ...PLAIN]) if (from[name]) parts.set(name, from[name]);
  return `#${parts}`;
}

export function now() {
  return state;
}

export function go(changes, { replace = false } = {}) {
  const before = state;
  state = { ...state, ...changes, lost: "" };
  const link = write(state);
  if (link !== location.hash) history[replace ? "replaceState" : "pushState"](null, "", link);
  tell(before);
}

export function onChange(listener) {
  listeners.push(listener);
}

function tell(before) {
  for (const listener of listeners) listener(state, before);
}
