// Search, the site of a dot on the map, and the palette: what works without are the day switch and the panels.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  const open = (id) => {
    const panel = id && document.getElementById(id);
    if (!panel || !panel.matches("details")) return;
    panel.hidden = false;
    panel.open = true;
    panel.scrollIntoView({ block: "center" });
    panel.querySelector("summary").focus({ preventScroll: true });
  };
  const named = () => open(decodeURIComponent(location.hash.slice(1)));
  addEventListener("hashchange", named);
  named();

  all(".area [data-s]").forEach((dot) => {
    dot.addEventListener("click", () => open("s-" + dot.dataset.s));
  });

  const find = one("#find");
  if (find) {
    const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
    find.closest("p").hidden = false;
    find.addEventListener("input", () => {
      const words = plain(find.value).split(/\s+/).filter(Boolean);
      let count = 0;
      all("details.site").forEach((site) => {
        const text = plain(site.querySelector(".name").textContent + site.id);
        const is = words.every((word) => text.includes(word));
        site.hidden = !is;
        count += is;
      });
      const found = one("#found");
      found.textContent = words.length ? found.dataset.text.replace("%s", count) : "";
      one("#nothing").hidden = count > 0;
    });
    find.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      find.value = "";
      find.dispatchEvent(new Event("input"));
    });
  }

  const assist = one("#assist");
  if (assist) {
    // A browser may forbid storage to a file; the switch works all the same.
    try { assist.checked = localStorage.getItem("assist") === "1"; } catch { assist.checked = false; }
    assist.addEventListener("change", () => {
      try { localStorage.setItem("assist", assist.checked ? "1" : "0"); } catch { return; }
    });
  }
})();
