// Words and numbers in the language of the page. Every text stands in words.toml; here it is only looked up and filled.

let words = {};
let language = "sv";

export function setWords(catalogue) {
  words = catalogue;
}

export function setLanguage(next) {
  language = next;
}

export function lang() {
  return language;
}

// A text of the catalogue with its {places} filled.
export function t(key, values = {}) {
  if (!(key in words)) throw new Error(`no words for ${key}`);
  return words[key][language].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

// A text that comes in both languages with the data.
export function pick(text) {
  return text ? text[language] : "";
}

export function number(value, decimals = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const shown = new Intl.NumberFormat(language === "sv" ? "sv-SE" : "en-GB", {
    minimumFractionDigits: decimals, maximumFractionDigits: decimals,
  }).format(value);
  return shown.replace("−", "\u2212");
}

export function unitWord(unit) {
  return t(`unit_${unit.replace(" ", "_")}`);
}

// A value of a factor with its unit: "26,5 per 1 000".
export function amount(value, factor) {
  if (value === null) return "–";
  return `${number(value, decimalsOf(factor))}\u00a0${unitWord(factor.unit)}`.trim();
}

export function decimalsOf(factor) {
  return { share: 3, score: 2, rank: 0 }[factor.unit] ?? 1;
}

export function list(parts) {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} ${t("and")} ${parts.at(-1)}`;
}
