// A recipe as a card.

import { element } from "./dom.js";

const DIFFICULTIES = ["", "很容易", "容易", "中等", "较难", "很难"];

function duration(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (!hours) return `${minutes} 分钟`;
  return rest ? `${hours} 小时 ${rest} 分钟` : `${hours} 小时`;
}

function facts(recipe) {
  const list = element("dl", { class: "facts" });
  const add = (name, value) =>
    list.append(element("div", {}, element("dt", { text: name }), element("dd", { text: value })));
  if (recipe.servings) add("份量", `${recipe.servings} 人份`);
  if (recipe.minutes) add("时间", duration(recipe.minutes));
  if (recipe.difficulty) add("难度", DIFFICULTIES[recipe.difficulty] ?? String(recipe.difficulty));
  return list.childElementCount ? list : null;
}

function tags(recipe) {
  const words = [recipe.cuisine, ...recipe.tastes].filter(Boolean);
  if (!words.length) return null;
  return element("ul", { class: "tags", "aria-label": "菜系与口味" },
    ...words.map((word) => element("li", { text: word })));
}

function ingredient({ name, amount }) {
  return element("li", {},
    element("label", {},
      element("input", { type: "checkbox" }),
      element("span", { class: "name", text: name }),
      element("span", { class: "amount", text: amount })));
}

function section(title, ...children) {
  return element("section", {}, element("h4", { text: title }), ...children);
}

function tips(recipe) {
  if (!recipe.tips.length) return null;
  return section("小贴士",
    element("ul", { class: "tips" }, ...recipe.tips.map((tip) => element("li", { text: tip }))));
}

function footer(recipe) {
  const lines = [];
  if (recipe.allergens.length) {
    lines.push(element("p", { class: "allergens", text: `过敏提示：含${recipe.allergens.join("、")}` }));
  }
  if (recipe.source) lines.push(element("p", { class: "source", text: `来源：${recipe.source}` }));
  return lines.length ? element("footer", {}, ...lines) : null;
}

export function recipeCard(recipe) {
  return element("article", { class: "recipe", "aria-label": `菜谱：${recipe.name}` },
    element("header", {}, element("h3", { text: recipe.name }), facts(recipe), tags(recipe)),
    element("div", { class: "columns" },
      section("食材", element("ul", { class: "ingredients" }, ...recipe.ingredients.map(ingredient))),
      section("做法", element("ol", { class: "steps" },
        ...recipe.steps.map((step) => element("li", {}, element("p", { text: step })))))),
    tips(recipe),
    footer(recipe));
}

/** The card folded away, under a text that already says what to do. */
export function foldedRecipeCard(recipe) {
  return element("details", { class: "folded" },
    element("summary", { text: `查看菜谱：${recipe.name}` }), recipeCard(recipe));
}
