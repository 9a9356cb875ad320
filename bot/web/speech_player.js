// The answer read aloud: a player that loads nothing until it is played. One speaks at a time.

import { element } from "./dom.js";

const FAILED = "没能读出来，请过一会儿再试。";

/** @param {boolean} atOnce begin by itself, if the browser lets it */
export function speechPlayer(messageId, atOnce) {
  const box = element("div", { class: "speech" });
  const show = (play) => {
    const player = element("audio", {
      controls: true, preload: "none", src: `/api/speech/${messageId}`, "aria-label": "听这条回答",
    });
    player.addEventListener("play", () => silence(player));
    player.addEventListener("error", fail);
    box.replaceChildren(player);
    if (play) player.play().catch(() => {});
  };
  const fail = () => {
    const retry = element("button", { type: "button", class: "retry", text: "重试" });
    retry.addEventListener("click", () => show(true));
    box.replaceChildren(element("p", { class: "failure", role: "alert", text: FAILED }), retry);
  };
  show(atOnce);
  return box;
}

/** Stops whatever is being read aloud. */
export function silence(except = null) {
  for (const player of document.querySelectorAll(".speech audio")) {
    if (player !== except) player.pause();
  }
}
