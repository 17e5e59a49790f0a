// A group as it stands in a line: its colour and its name.

import { groupColour, groupName } from "./data.js";
import { el, swatch } from "./dom.js";
import { soft } from "./words.js";

export function chip(year, grouping, group) {
  return el("span", { class: "chip" }, swatch(groupColour(grouping, group)), soft(groupName(year, grouping, group)));
}
