// What pages gain from script; each of them works without it.
document.documentElement.classList.add("js");
