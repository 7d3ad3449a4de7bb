(() => {
  const box = document.getElementById("filtre");
  if (!box) return;
  const input = document.getElementById("filtre-texte");
  const count = document.getElementById("filtre-compte");
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[’']/g, "'");
  const items = [...document.querySelectorAll("#communes-liste li")].map((item) => [item, plain(item.textContent)]);
  const filter = () => {
    const wanted = plain(input.value).split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [item, text] of items) {
      item.hidden = !wanted.every((word) => text.includes(word));
      if (!item.hidden) found += 1;
    }
    const form = found === 0 ? "none" : found === 1 ? "one" : "many";
    count.textContent = wanted.length ? count.dataset[form].replace("#", found) : "";
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; filter(); }
    if (event.key === "Enter") { items.find(([item]) => !item.hidden)?.[0].querySelector("a").click(); }
  });
  box.hidden = false;
})();
