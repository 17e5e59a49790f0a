// Words and numbers in the language of the page. Every text stands in texts.toml; here it is only looked up and filled.

let words = {};
let language = "sv";
let own = false;

export function setWords(catalogue) {
  words = catalogue;
}

export function setLanguage(next) {
  language = next;
}

// Areas of one's own lie in no country that is known here, and SCB has drawn none of them: those words have a form ending with _own.
export function setOwnAreas(are) {
  own = are;
}

export function lang() {
  return language;
}

// A text of the catalogue with its {places} filled.
export function t(key, values = {}) {
  if (!(key in words)) throw new Error(`no words for ${key}`);
  return (own && words[`${key}_own`] || words[key])[language].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

// How many areas of a year had other borders than the map shows.
export function bordersWords(year) {
  return year.other_borders === null ? t("borders_some") : t("borders_about", { count: number(year.other_borders) });
}

const joined = {};

// A text whose known long words may break at their joints: browsers without a dictionary of Swedish break them anywhere.
export function soft(text) {
  if (typeof text !== "string") return text;
  joined[language] ??= t("joints").split(" ").map((word) => [new RegExp(word.replaceAll("|", ""), "gi"), word.split("|").map((part) => part.length)]);
  return joined[language].reduce((said, [word, lengths]) => said.replace(word, (found) => {
    let at = 0;
    return lengths.map((length) => found.slice(at, (at += length))).join("\u00ad");
  }), text);
}

// A text that comes in both languages with the data.
export function pick(text) {
  return text ? text[language] : "";
}

// A text written in English by the program: in Swedish where it has a Swedish form, else marked as English.
export function said(text) {
  if (!text) return "";
  if (text[language]) return text[language];
  const node = document.createElement("span");
  node.lang = "en";
  node.textContent = text.en;
  return node;
}

export function number(value, decimals = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const shown = new Intl.NumberFormat(language === "sv" ? "sv-SE" : "en-GB", {
    minimumFractionDigits: decimals, maximumFractionDigits: decimals, signDisplay: "negative", // no minus before 0
  }).format(value);
  return shown.replace("-", "\u2212");
}

// A probability in per cent; what is almost sure is not said to be sure. Halves go to the even number, as in Python, so
// that 98.5 and 1.5 do not make 101.
export function share(probability) {
  const whole = Math.round(100 * probability);
  const rounded = whole - 100 * probability === 0.5 && whole % 2 ? whole - 1 : whole;
  if (probability < 1 && rounded === 100) return t("share_above", { share: 99 });
  if (probability > 0 && rounded === 0) return t("share_below", { share: 1 });
  return number(rounded);
}

export function unitWord(factor, long = false) {
  if (factor.unit_name) return pick(factor.unit_name);
  const { unit } = factor;
  return long ? t(`unit_long_${unit.replace(" ", "_")}`) : t(`unit_${unit.replace(" ", "_")}`);
}

// A value of a factor with its unit: "26,5 per 1 000".
export function amount(value, factor) {
  if (value === null) return "–";
  return withUnit(number(value, decimalsOf(factor)), factor);
}

// "12,3 %" in Swedish, "12.3%" in English; the number and its unit stand on one line.
export function withUnit(shown, factor) {
  const joint = language === "en" && factor.unit === "per cent" ? "" : "\u00a0";
  return `${shown}${joint}${unitWord(factor)}`.trim();
}

export function decimalsOf(factor) {
  return { share: 3, score: 2, rank: 0 }[factor.unit] ?? 1;
}

export function list(parts) {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} ${t("and")} ${parts.at(-1)}`;
}
