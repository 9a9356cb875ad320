// The search view: asks the server how questions are searched, and shows what a threshold decides.

import { element } from "./dom.js";

const byId = (id) => document.getElementById(id);
const form = byId("searches");
const slider = byId("threshold");
let searches = [];
let configured = 0;

const DISH_COLUMNS = [
  ["菜", (dish) => dish.dish],
  ["菜谱", (dish) => dish.name],
  ["来源", (dish) => dish.source],
  ["对上的叫法", (dish) => dish.form],
  ["概率", (dish) => fixed(dish.probability)],
  ["重排", (dish) => fixed(dish.reranker_score)],
  ["得分", (dish) => fixed(dish.score)],
];
const FORM_COLUMNS = [
  ["叫法", (one) => one.form],
  ["比的是", (one) => one.subject],
  ["词面 BM25", (one) => fixed(one.words, 1)],
  ["向量余弦", (one) => fixed(one.cosine)],
  ["字形", (one) => fixed(one.spelling)],
  ["读音", (one) => fixed(one.sound)],
  ["盖住问题", (one) => fixed(one.subject_covered)],
  ["盖住叫法", (one) => fixed(one.form_covered)],
  ["概率", (one) => fixed(one.probability)],
  ["菜谱数", (one) => String(one.recipes)],
];

function fixed(number, digits = 3) {
  return number === null || number === undefined ? "–" : number.toFixed(digits);
}

function table(columns, rows, caption) {
  const head = element("tr", {}, ...columns.map(([title]) => element("th", { scope: "col", text: title })));
  const body = rows.map((row) =>
    element("tr", {}, ...columns.map(([, cell]) => element("td", { text: cell(row) }))));
  return element("div", { class: "wide" },
    element("table", {}, element("caption", { text: caption }), element("thead", {}, head),
      element("tbody", {}, ...body)));
}

/** Whether a search is an answer at a threshold; one by conditions does not depend on it. */
function answers(search, threshold) {
  if (search.answer.by_structure) return !search.answer.refused;
  return search.dishes.length > 0 && search.dishes[0].score >= threshold;
}

function verdict(search, threshold) {
  const found = answers(search, threshold);
  const name = search.answer.by_structure ? search.answer.names.join("、") : search.dishes[0]?.name ?? "";
  const changed = found !== answers(search, configured);
  const words = found ? `答：${name}` : name ? `婉拒，最近的是：${name}` : "婉拒";
  return element("span", { class: `verdict ${found ? "yes" : "no"}${changed ? " changed" : ""}`, text: words });
}

function scoreBar(search, threshold) {
  if (search.answer.by_structure) return null;
  return element("meter", {
    min: 0, max: 1, low: threshold, high: threshold, optimum: 1,
    value: search.dishes[0]?.score ?? 0, "aria-label": "最好的得分",
  });
}

function card(search, threshold) {
  const facts = [
    `查的是：${search.subjects.join("、") || "（没有可查的）"}`,
    search.filters.length ? `条件：${search.filters.join("、")}` : null,
    search.answer.relaxed.length ? `没有同时满足：${search.answer.relaxed.join("、")}` : null,
    `编码 ${fixed(search.encode_milliseconds, 1)} 毫秒，检索 ${fixed(search.search_milliseconds, 1)} 毫秒`,
  ].filter(Boolean);
  return element("details", { class: "search", open: searches.length === 1 },
    element("summary", {}, element("b", { text: search.query }), verdict(search, threshold),
      scoreBar(search, threshold)),
    element("p", { text: facts.join("　") }),
    table(DISH_COLUMNS, search.dishes, "按名字找到的菜"),
    table(FORM_COLUMNS, search.forms, "比过的叫法"));
}

function show() {
  const threshold = Number(slider.value);
  const open = new Set([...document.querySelectorAll("details[open]")].map((node) => node.dataset.query));
  const found = searches.filter((search) => answers(search, threshold)).length;
  const changed = searches.filter((search) => answers(search, threshold) !== answers(search, configured)).length;
  byId("threshold-value").textContent = threshold.toFixed(2);
  byId("summary").textContent =
    `${searches.length} 个问题：回答 ${found} 个，婉拒 ${searches.length - found} 个；与现在的门槛 `
    + `${configured.toFixed(2)} 相比，变了 ${changed} 个。`;
  byId("advice").hidden = threshold === configured;
  byId("setting").textContent = `SEARCH_THRESHOLD=${threshold.toFixed(2)}`;
  const cards = searches.map((search) => {
    const node = card(search, threshold);
    node.dataset.query = search.query;
    if (open.size) node.open = open.has(search.query);
    return node;
  });
  byId("list").replaceChildren(...cards);
}

function complain(words) {
  byId("notice").textContent = words;
  byId("notice").hidden = !words;
}

async function look(queries) {
  let response;
  try {
    response = await fetch("/api/search", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ queries }),
    });
  } catch {
    throw new Error("连不上食神，请确认它还在运行。");
  }
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(data.error?.message ?? "服务器没有正常回应，请稍后重试。");
  return data.searches;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const queries = byId("queries").value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (!queries.length) {
    complain("先写一个问题。");
    return;
  }
  complain("");
  byId("look").disabled = true;
  byId("look").textContent = "正在找…";
  try {
    searches = await look(queries);
    configured = searches[0].threshold;
    slider.value = configured.toFixed(2);
    configured = Number(slider.value);
    byId("results").hidden = false;
    byId("list").replaceChildren();
    show();
  } catch (error) {
    complain(error.message);
  } finally {
    byId("look").disabled = false;
    byId("look").textContent = "看看怎么找的";
  }
});

slider.addEventListener("input", show);
byId("reset").addEventListener("click", () => {
  slider.value = configured;
  show();
});
