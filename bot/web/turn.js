// One question and its answer in the log.

import { element } from "./dom.js";
import { dishPicture } from "./lightbox.js";
import { foldedRecipeCard, recipeCard } from "./recipe_card.js";
import { speechPlayer } from "./speech_player.js";

const SPOKEN_WORDS = "（语音）";
const STAGE_WORDS = {
  transcribe: "正在听…",
  rewrite: "正在琢磨你的问题…",
  retrieve: "正在找菜谱…",
  web: "菜谱里没有，正在上网找…",
  generate: "正在写…",
  illustrate: "正在画图…",
};
const WAITING_WORDS = "正在准备…";
const IN_LINE_WORDS = "排队中，先答完前一条…";

function typing(words) {
  const dots = element("span", { class: "dots", "aria-hidden": "true" },
    element("i"), element("i"), element("i"));
  return element("p", { class: "typing" }, dots, element("span", { class: "words", text: words }));
}

function downloadOf({ file_name: fileName, media_type: mediaType, content }) {
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  const href = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
  return element("a", { class: "download", href, download: fileName, text: `下载 ${fileName}` });
}

export class Turn {
  /**
   * @param {Object} page
   * @param {(message: string) => void} page.say sends a message in the user's name
   * @param {(text: string) => void} page.edit lets the user write `text` anew
   * @param {() => boolean} page.mayPlay whether an answer may be read aloud right now
   */
  constructor(page, messageId = "") {
    Object.assign(this, { page, messageId });
    this.node = element("div", { class: "turn" });
    this.streamed = "";
    this.answer = null;
  }

  addQuestion(text) {
    this.question = element("p", { class: "text", text });
    this.node.append(element("div", { class: "bubble user" },
      element("span", { class: "speaker", text: "你：" }), this.question));
  }

  addSpokenQuestion(heard = "") {
    this.addQuestion(SPOKEN_WORDS);
    if (heard) this.showHeard(heard);
  }

  showHeard(text) {
    this.question.textContent = `🎤 ${text}`;
    const edit = element("button", { type: "button", class: "edit", text: "改一改", "aria-label": "改一改听到的话" });
    edit.addEventListener("click", () => this.page.edit(text));
    this.question.parentElement.querySelector(".edit")?.remove();
    this.question.after(edit);
  }

  /** Makes the (empty) answer; also begins it anew. */
  startAnswer(inLine) {
    this.streamed = "";
    this.shown = false;
    this.illustrating = false;
    this.steps = "";
    this.content = element("div", { class: "content" });
    this.status = element("div", { class: "status" });
    const answer = element("div", { class: "bubble bot", "aria-busy": "true" },
      element("span", { class: "speaker", text: "食神：" }), this.content, this.status);
    if (this.answer) this.answer.replaceWith(answer);
    else this.node.append(answer);
    this.answer = answer;
    this.showStatus(inLine ? IN_LINE_WORDS : WAITING_WORDS);
  }

  showStatus(words) {
    this.status.replaceChildren(typing(words));
  }

  receive(event) {
    if (event.type === "stage") this.changeStage(event);
    else if (event.type === "progress") this.showSteps(event);
    else if (event.type === "heard") this.showHeard(event.text);
    else if (event.type === "text") this.addText(event);
    else if (event.type === "text_finished") this.showReply(event.reply, false);
    else if (event.type === "picture_failed") this.changeStage({ stage: "illustrate", state: "finished" });
    else if (event.type === "finished") this.showReply(event.reply, true);
  }

  /** A picture may be drawn while the text is still written: the text's stage has the word till it is done. */
  changeStage({ stage, state }) {
    const started = state === "started";
    if (stage === "illustrate") {
      this.illustrating = started;
      if (this.shown) this.showStageAfterText();
    } else if (started) {
      this.showStatus(STAGE_WORDS[stage] ?? WAITING_WORDS);
    }
  }

  showSteps({ stage, done, total }) {
    if (stage !== "illustrate") return;
    this.steps = `正在画图 ${done}/${total}…`;
    if (this.shown) this.showStageAfterText();
  }

  showStageAfterText() {
    if (this.illustrating) this.showStatus(this.steps || STAGE_WORDS.illustrate);
    else this.status.replaceChildren();
  }

  addText({ text, restart }) {
    this.streamed = restart ? text : this.streamed + text;
    if (!this.streaming?.isConnected) {
      this.streaming = element("p", { class: "text" });
      this.content.replaceChildren(this.streaming);
    }
    this.streaming.textContent = this.streamed;
  }

  /** Shows the whole reply. What is on the page already, with its ticked ingredients, stays as it is. */
  showReply(reply, finished) {
    if (!this.shown) this.showBody(reply);
    if (reply.transcript) this.showHeard(reply.transcript);
    this.answer.setAttribute("aria-busy", "false");
    if (!finished) {
      this.showStageAfterText();
      return;
    }
    if (reply.picture) this.content.append(dishPicture(reply.picture, reply.recipe?.name));
    if (reply.document) this.content.append(downloadOf(reply.document));
    if (reply.read_aloud) this.content.append(speechPlayer(this.messageId, this.page.mayPlay()));
    this.status.replaceChildren();
    this.showButtons(reply.buttons);
  }

  showBody(reply) {
    this.shown = true;
    this.answer.classList.toggle("refused", reply.refused);
    this.answer.classList.toggle("has-card", reply.card !== "none");
    const text = reply.card === "instead" ? reply.lead : reply.text;
    this.content.replaceChildren();
    if (text) this.content.append(element("p", { class: "text", text }));
    if (reply.card === "instead") this.content.append(recipeCard(reply.recipe));
    if (reply.card === "beside") this.content.append(foldedRecipeCard(reply.recipe));
  }

  showButtons(buttons) {
    if (!buttons.length) return;
    const row = element("div", { class: "buttons" });
    for (const { label, message } of buttons) {
      const button = element("button", { type: "button", text: label });
      button.addEventListener("click", () => this.page.say(message));
      row.append(button);
    }
    this.answer.append(row);
  }

  /** Suggestions belong to the latest answer: they speak of the dish at hand. */
  dropButtons() {
    this.answer?.querySelector(".buttons")?.remove();
  }

  /** @param {(() => void)|null} retry null when there is nothing to be tried again */
  fail(message, retry) {
    this.answer.setAttribute("aria-busy", "false");
    this.status.replaceChildren(element("p", { class: "failure", role: "alert", text: message }));
    if (!retry) return;
    const button = element("button", { type: "button", class: "retry", text: "重试" });
    button.addEventListener("click", retry);
    this.status.append(button);
  }
}
