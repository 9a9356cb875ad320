// The list of commands over the question: opened by typing "/" or by the button.

import { element } from "./dom.js";

export class CommandMenu {
  /** @param {() => void} changed called after the menu wrote into the question */
  constructor({ list, question, button, changed }) {
    Object.assign(this, { list, question, button, changed });
    this.commands = [];
    this.offered = [];
    this.active = 0;
    this.draft = "";
    question.addEventListener("input", () => this.update());
    question.addEventListener("blur", () => this.close());
    button.addEventListener("mousedown", (event) => event.preventDefault()); // keep the focus where it is
    button.addEventListener("click", () => this.toggle());
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(Number(option.dataset.index));
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  toggle() {
    this.question.focus();
    if (this.isOpen) {
      this.dismiss();
      return;
    }
    if (!this.question.value.startsWith("/")) this.writeInstead("/");
    this.update();
  }

  /** Writes `text` into the question; what was being written there comes back once that is sent. */
  writeInstead(text) {
    if (this.question.value.trim() && this.question.value !== text) this.draft = this.question.value;
    this.question.value = text;
    this.changed();
  }

  /** What was being written before the menu took its place; handed out once. */
  takeDraft() {
    const draft = this.draft;
    this.draft = "";
    return draft;
  }

  update() {
    const typed = this.question.value;
    this.offered = /^\/\S*$/.test(typed) ? this.commands.filter(({ name }) => name.startsWith(typed.toLowerCase())) : [];
    if (!this.offered.length) {
      this.close();
      return;
    }
    this.active = 0;
    this.list.replaceChildren(...this.offered.map(({ name, description }, index) =>
      element("li", { role: "option", id: `command-${index}`, "data-index": index },
        element("span", { class: "name", text: name }), element("span", { class: "description", text: description }))));
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.mark();
  }

  close() {
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    this.question.removeAttribute("aria-activedescendant");
  }

  /** Closed without a choice: a draft that made room comes back. */
  dismiss() {
    this.close();
    if (this.question.value === "/" && this.draft) {
      this.question.value = this.takeDraft();
      this.changed();
    }
  }

  mark() {
    for (const [index, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(index === this.active));
    }
    this.question.setAttribute("aria-activedescendant", `command-${this.active}`);
    this.list.children[this.active].scrollIntoView({ block: "nearest" });
  }

  choose(index) {
    this.question.value = this.offered[index].name;
    this.close();
    this.question.focus();
    this.changed();
  }

  /** Returns whether the key was for the menu. A command typed out in full is left to be sent. */
  takesKey(event) {
    if (!this.isOpen) return false;
    const count = this.offered.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.active = (this.active + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
      this.mark();
    } else if (event.key === "Escape") {
      this.dismiss();
    } else if (event.key === "Tab" || (event.key === "Enter" && this.offered[this.active].name !== this.question.value)) {
      this.choose(this.active);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }
}
