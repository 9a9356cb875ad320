// Talking to the server: history, commands, and answers as streams of JSON lines.

const SILENCE_MS = 45_000; // the server gives a sign of life every 15 s

/** A request that did not work, in words for the user. */
export class RequestFailed extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const LOST = "连接断开了，没有收到完整的回答。";

async function refused(response) {
  try {
    const { error } = await response.json();
    return new RequestFailed(error.code, error.message);
  } catch {
    return new RequestFailed("internal", "服务器没有正常回应，请稍后重试。");
  }
}

async function getJson(path) {
  let response;
  try {
    response = await fetch(path, { headers: { Accept: "application/json" } });
  } catch {
    throw new RequestFailed("connection", "连不上食神，请确认它还在运行。");
  }
  if (!response.ok) throw await refused(response);
  return response.json();
}

export const getHistory = () => getJson("/api/history");
export const getCommands = () => getJson("/api/commands");
export const getVoice = () => getJson("/api/voice");

/** Ends the answers that are being written; their streams end by themselves. */
export async function stopAnswers() {
  const response = await fetch("/api/stop", { method: "POST" });
  if (!response.ok) throw await refused(response);
}

/** A random UUID; crypto.randomUUID is missing on plain http addresses other than localhost. */
export function newMessageId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Yields what comes, and gives up when nothing has come for SILENCE_MS. */
async function* chunksOf(response, controller) {
  const reader = response.body.getReader();
  try {
    for (;;) {
      const timer = setTimeout(() => controller.abort(), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Asks, and yields the events of the answer. The same id asks for the same answer again. */
export function ask(text, messageId) {
  return eventsOf(post("/api/messages", "application/json", JSON.stringify({ text, message_id: messageId })));
}

/** Asks by a recording; it is sent once and not kept. */
export function askByVoice(sound, messageId) {
  return eventsOf(post(`/api/voice?message_id=${messageId}`, sound.type, sound));
}

/** Goes on with the answer to a recording that was sent before. */
export function followVoice(messageId) {
  return eventsOf(post(`/api/voice?message_id=${messageId}`, "audio/webm", null));
}

function post(path, contentType, body) {
  const controller = new AbortController();
  const headers = { "Content-Type": contentType };
  return { controller, responding: fetch(path, { method: "POST", headers, body, signal: controller.signal }) };
}

/** Throws RequestFailed unless the answer came whole. */
async function* eventsOf({ controller, responding }) {
  try {
    const response = await responding;
    if (!response.ok) throw await refused(response);
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of chunksOf(response, controller)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const event = JSON.parse(line);
        if (event.type === "failed") throw new RequestFailed(event.code, event.message);
        yield event;
        if (event.type === "finished") return;
      }
    }
  } catch (error) {
    if (error instanceof RequestFailed) throw error;
    throw new RequestFailed("connection", LOST);
  }
  throw new RequestFailed("connection", LOST);
}
