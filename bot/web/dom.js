// Making elements. Words enter the page through textContent and attributes only, never as markup.

/**
 * @param {string} tag
 * @param {Object<string, unknown>} attributes `text` sets the content; true sets an empty attribute.
 * @param {...(Node|null)} children
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") node.textContent = String(value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}
