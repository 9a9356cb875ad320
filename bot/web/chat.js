// The chat page: restores the conversation, sends messages, shows the answers as they are written.

import { ask, getCommands, getHistory, newMessageId } from "./api.js";
import { CommandMenu } from "./command_menu.js";
import { element } from "./dom.js";
import { Follower } from "./follow.js";
import { Turn } from "./turn.js";

const byId = (id) => document.getElementById(id);
const log = byId("log");
const question = byId("question");
const welcome = byId("welcome");
const notice = byId("notice");
const newConversation = byId("new-conversation");
const follower = new Follower({ scroller: byId("scroller"), log, button: byId("to-latest") });
const menu = new CommandMenu({
  list: byId("commands"), question, button: byId("open-commands"), changed: questionChanged,
});
const turns = [];
let underWay = 0;

function questionChanged() {
  byId("send").disabled = question.value.trim() === "";
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
}

function addTurn() {
  const turn = new Turn(say);
  turns.at(-1)?.dropButtons();
  turns.push(turn);
  log.append(turn.node);
  welcome.hidden = true;
  return turn;
}

function say(text) {
  const turn = addTurn();
  turn.addQuestion(text);
  answer(turn, text, newMessageId());
  follower.toLatest();
}

/** Asks and shows the answer; a retry asks with the same id, so that nothing is answered twice. */
async function answer(turn, text, messageId) {
  turn.startAnswer(underWay > 0);
  underWay += 1;
  try {
    for await (const event of ask(text, messageId)) turn.receive(event);
    if (turn !== turns.at(-1)) turn.dropButtons();
    if (text.trim().startsWith("/forget")) await emptyIfForgotten(turn);
  } catch (error) {
    turn.fail(error.message, () => answer(turn, text, messageId));
  } finally {
    underWay -= 1;
  }
}

/** After /forget the page must not go on showing what is gone. */
async function emptyIfForgotten(latest) {
  const { messages } = await getHistory();
  if (messages.length) return;
  for (const turn of turns.splice(0)) {
    if (turn === latest) turns.push(turn);
    else turn.node.remove();
  }
}

function restoreMessages(messages) {
  for (const message of messages) {
    if (message.role === "user") {
      addTurn().addQuestion(message.text);
      continue;
    }
    const turn = turns.at(-1)?.answer ? addTurn() : turns.at(-1) ?? addTurn();
    turn.startAnswer(false);
    turn.showReply(message, true);
  }
}

async function restore() {
  notice.hidden = true;
  try {
    const { messages, unfinished } = await getHistory();
    restoreMessages(messages);
    for (const { text, message_id: messageId } of unfinished) {
      const turn = addTurn();
      turn.addQuestion(text);
      answer(turn, text, messageId);
    }
    welcome.hidden = turns.length > 0;
    follower.toLatest();
    menu.commands = (await getCommands()).commands;
    newConversation.hidden = !menu.commands.some(({ name }) => name === "/clear");
  } catch (error) {
    showNotice(error.message);
  } finally {
    log.setAttribute("aria-busy", "false");
  }
}

function showNotice(message) {
  const retry = element("button", { type: "button", class: "retry", text: "重试" });
  retry.addEventListener("click", () => {
    for (const turn of turns.splice(0)) turn.node.remove();
    restore();
  });
  notice.replaceChildren(element("span", { text: message }), retry);
  notice.hidden = false;
}

function send() {
  const text = question.value;
  if (text.trim() === "") return;
  question.value = menu.takeDraft();
  menu.close();
  questionChanged();
  say(text);
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
question.addEventListener("input", questionChanged);
question.addEventListener("keydown", (event) => {
  // While an input method composes, Enter picks a word (Safari tells only by keyCode 229).
  if (event.isComposing || event.keyCode === 229 || menu.takesKey(event)) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  }
});
for (const button of welcome.querySelectorAll(".suggestion")) {
  button.addEventListener("click", () => say(button.textContent));
}
newConversation.addEventListener("click", () => say("/clear"));

questionChanged();
restore();
question.focus({ preventScroll: true });
