// The picture of a dish: small under the answer, large on a click.

import { element } from "./dom.js";

const dialog = document.getElementById("lightbox");
const large = document.getElementById("lightbox-picture");
const KINDS = { card: "菜谱卡片", photo: "成品图" };

dialog.addEventListener("click", () => dialog.close());

export function dishPicture(picture, dish) {
  const kind = KINDS[picture.kind] ?? "图片";
  const description = dish ? `${dish}的${kind}` : kind;
  const image = element("img", {
    src: picture.url, alt: description, width: picture.width, height: picture.height, loading: "lazy", decoding: "async",
  });
  const button = element("button", { type: "button", class: "picture", "aria-label": `放大${description}` }, image);
  const figure = element("figure", { class: "dish" }, button, element("figcaption", { text: description }));
  button.addEventListener("click", () => {
    large.src = picture.url;
    large.alt = description;
    dialog.showModal();
  });
  image.addEventListener("error", () => {
    figure.replaceChildren(element("figcaption", { text: "图片没有载入。" }));
  });
  return figure;
}
