// What pages gain from script; each of them works without it. Listens on the document,
// so that parts of a page that arrive later need no second start.

document.documentElement.classList.add("js");

const boxes = (name) => [
  ...document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`),
];

function countPicked(name) {
  const all = boxes(name);
  const picked = all.filter((box) => box.checked).length;
  for (const output of document.querySelectorAll(`[data-picked="${CSS.escape(name)}"]`)) {
    output.value = picked;
  }
  for (const master of document.querySelectorAll(`[data-pick-all="${CSS.escape(name)}"]`)) {
    master.checked = picked > 0 && picked === all.length;
    master.indeterminate = picked > 0 && picked < all.length;
  }
}

function pickAll(master) {
  for (const box of boxes(master.dataset.pickAll)) {
    if (!box.disabled) box.checked = master.checked;
  }
  countPicked(master.dataset.pickAll);
}

// The name and size of the chosen file, and a word before a slow line carries one too large.
function echoFile(input) {
  const echo = document.querySelector(`.file-echo[for="${CSS.escape(input.id)}"]`);
  const file = input.files[0];
  if (!echo) return;
  const limit = Number(input.dataset.maxBytes);
  const isTooLarge = Boolean(file && limit && file.size > limit);
  echo.toggleAttribute("data-bad", isTooLarge);
  if (!file) {
    echo.value = "";
    return;
  }
  const format = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
  const size =
    file.size < 1e6 ? `${format.format(file.size / 1e3)} kB` : `${format.format(file.size / 1e6)} MB`;
  echo.value = `${file.name} (${size})${isTooLarge ? `. ${input.dataset.tooLarge}` : ""}`;
}

document.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  if (target.dataset.pickAll) pickAll(target);
  else if (target.type === "checkbox") countPicked(target.name);
  else if (target.type === "file") echoFile(target);
});

// A drop-down closes when the attention goes elsewhere.
function closeDrops(except) {
  for (const drop of document.querySelectorAll("details.drop[open]")) {
    if (!drop.contains(except)) drop.open = false;
  }
}

document.addEventListener("click", ({ target }) => closeDrops(target));
document.addEventListener("focusin", ({ target }) => closeDrops(target));
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  const drop = document.querySelector("details.drop[open]");
  if (!drop) return;
  drop.open = false;
  drop.querySelector("summary").focus();
});

function release(form) {
  delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[aria-disabled]")) {
    if (button.form === form) button.removeAttribute("aria-disabled");
  }
}

// On a slow line people press twice; the second press of a POST goes nowhere.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("method") !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  // An answer that is a download leaves the page standing.
  setTimeout(() => release(form), 8000);
  event.submitter?.setAttribute("aria-disabled", "true");
});

// Coming back by the browser's button finds the form as it was left, ready to be sent.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) release(form);
  const names = [...document.querySelectorAll("[data-pick-all]")].map((box) => box.dataset.pickAll);
  for (const name of names) countPicked(name);
});

// A phone hands a picture on by its own sheet (Zalo among others); elsewhere the link downloads.
async function share(link) {
  const answer = await fetch(link.href);
  if (!answer.ok) throw new Error(String(answer.status));
  const file = new File([await answer.blob()], link.dataset.share, { type: "image/png" });
  if (!navigator.canShare({ files: [file] })) throw new Error("cannot share");
  await navigator.share({ files: [file] });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-share]");
  if (!link || !navigator.canShare) return;
  event.preventDefault();
  share(link).catch((error) => {
    // Closing the sheet is an answer too; anything else falls back to the download.
    if (error.name !== "AbortError") location.assign(link.href);
  });
});
