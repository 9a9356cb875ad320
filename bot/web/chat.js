// The chat page: restores the conversation, sends messages, shows the answers as they are written.

import { ask, askByVoice, followVoice, getCommands, getHistory, getVoice, newMessageId, stopAnswers } from "./api.js";
import { CommandMenu } from "./command_menu.js";
import { element } from "./dom.js";
import { Follower } from "./follow.js";
import { Turn } from "./turn.js";
import { VoiceInput } from "./voice_input.js";

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
const voice = new VoiceInput({ composer: byId("composer"), send: sayByVoice, complain: showComplaint });
const page = { say, edit: editHeard, mayPlay: () => !voice.recording };
const turns = [];
let underWay = 0;

function countUnderWay(change) {
  underWay += change;
  byId("stop").hidden = underWay === 0;
}

function questionChanged() {
  byId("send").disabled = question.value.trim() === "";
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
}

function addTurn(messageId) {
  const turn = new Turn(page, messageId);
  turns.at(-1)?.dropButtons();
  turns.push(turn);
  log.append(turn.node);
  welcome.hidden = true;
  return turn;
}

function say(text) {
  const turn = addTurn(newMessageId());
  turn.addQuestion(text);
  answer(turn, text);
  follower.toLatest();
}

/** Asks and shows the answer; a retry asks with the same id, so that nothing is answered twice. */
async function answer(turn, text) {
  try {
    await show(turn, ask(text, turn.messageId));
    if (text.trim().startsWith("/forget")) await emptyIfForgotten(turn);
  } catch (error) {
    turn.fail(error.message, () => answer(turn, text));
  }
}

function sayByVoice(sound) {
  const turn = addTurn(newMessageId());
  turn.addSpokenQuestion();
  answerSpoken(turn, askByVoice(sound, turn.messageId));
  follower.toLatest();
}

/** The recording is gone once it is sent: a retry goes on with its answer, if it arrived. */
async function answerSpoken(turn, events) {
  try {
    await show(turn, events);
  } catch (error) {
    const retry = () => answerSpoken(turn, followVoice(turn.messageId));
    turn.fail(error.message, error.code === "connection" ? retry : null);
  }
}

/** Shows an answer as it comes. */
async function show(turn, events) {
  turn.startAnswer(underWay > 0);
  countUnderWay(1);
  try {
    for await (const event of events) turn.receive(event);
    if (turn !== turns.at(-1)) turn.dropButtons();
  } finally {
    countUnderWay(-1);
  }
}

function editHeard(text) {
  menu.writeInstead(text);
  question.focus();
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
  hideNotice();
  try {
    const { messages, unfinished } = await getHistory();
    restoreMessages(messages);
    for (const { text, message_id: messageId, spoken } of unfinished) {
      const turn = addTurn(messageId);
      if (spoken) turn.addSpokenQuestion(text);
      else turn.addQuestion(text);
      if (spoken) answerSpoken(turn, followVoice(messageId));
      else answer(turn, text);
    }
    welcome.hidden = turns.length > 0;
    follower.toLatest();
    menu.commands = (await getCommands()).commands;
    voice.offer((await getVoice()).max_seconds);
    newConversation.hidden = !menu.commands.some(({ name }) => name === "/clear");
  } catch (error) {
    showNotice(error.message, "重试", () => {
      for (const turn of turns.splice(0)) turn.node.remove();
      restore();
    });
  } finally {
    log.setAttribute("aria-busy", "false");
  }
}

function showNotice(message, label, act) {
  const button = element("button", { type: "button", class: "retry", text: label });
  button.addEventListener("click", act);
  notice.replaceChildren(element("span", { text: message }), button);
  notice.hidden = false;
}

function hideNotice() {
  notice.hidden = true;
}

/** Why there is no recording; no words take the complaint back. */
function showComplaint(words) {
  if (words) showNotice(words, "知道了", hideNotice);
  else hideNotice();
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
byId("stop").addEventListener("click", () => stopAnswers().catch((error) => showComplaint(error.message)));

questionChanged();
restore();
question.focus({ preventScroll: true });
