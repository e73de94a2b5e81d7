// Elements and attributes that the page never makes: one that is there came out of a text. Links of a text may lead
// elsewhere, for whoever follows them.
() => {
  const tags = new Set(["IFRAME", "OBJECT", "EMBED", "BASE", "STYLE", "MATH", "VIDEO", "AUDIO", "SOURCE", "MARQUEE",
    "FOREIGNOBJECT", "ANIMATE", "SET", "USE", "IMAGE"]);
  const ours = (address) => /^(\/(?!\/)|#|$)/.test(address) || address.startsWith(location.origin + "/");
  const found = [];
  for (const e of document.querySelectorAll("*")) {
    const tag = e.tagName.toUpperCase();
    if (tags.has(tag)) found.push(tag);
    if (tag === "SCRIPT" && !ours(e.getAttribute("src") ?? "none")) found.push(tag);
    for (const { name, value } of e.attributes) {
      if (/^on|^srcdoc$|^formaction$/i.test(name)) found.push(`${tag} ${name}`);
      if (!/^(href|src|action|xlink:href)$/i.test(name)) continue;
      const plain = value.replace(/[\s\u0000-\u0020]/g, "").toLowerCase();
      const acts = /^(javascript|data|vbscript|blob|file):/.test(plain);
      if (acts || (tag !== "A" && !ours(value))) found.push(`${tag} ${name}=${value.slice(0, 60)}`);
    }
  }
  return found;
};
