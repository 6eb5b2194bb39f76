// The list of scenarios, its filters, and which one is shown: the address after # says it.
class Page {
  constructor(index) {
    this.index = index;
    this.view = null;
    this.turns = 0;
    this.filter = document.getElementById("filter");
    this.kind = document.getElementById("kind");
    this.place = document.getElementById("scenario");
    const kinds = [...new Set(index.flatMap((one) => one.kinds))].sort();
    this.kind.append(element("option", { value: "", textContent: "All events" }),
      ...kinds.map((kind) => element("option", { value: kind, textContent: words(kind) })));
    this.items = index.map((one, number) => this.item(one, number));
    document.getElementById("scenarios").append(...this.items);
    this.filter.addEventListener("input", () => this.narrow());
    this.kind.addEventListener("change", () => this.narrow());
    window.addEventListener("hashchange", () => this.go());
    document.addEventListener("keydown", (key) => this.key(key));
    this.narrow();
    this.go();
  }

  item(one, number) {
    const facts = [one.map, `${one.seconds} s`, counted(one.cameras, "camera")];
    return element("li", {}, element("a", { href: `#/${number + 1}` },
      element("img", { src: one.image, alt: "", loading: "lazy" }),
      element("span", {}, element("b", { textContent: one.name }),
        element("small", { textContent: facts.filter(Boolean).join(" · ") }),
        element("small", { className: "kinds", textContent: one.kinds.map(words).join(", ") }))));
  }

  narrow() {
    const wanted = this.filter.value.trim().toLowerCase();
    let count = 0;
    this.index.forEach((one, number) => {
      const text = [one.name, one.map, ...one.kinds.map(words)].join(" ").toLowerCase();
      const found = text.includes(wanted) && (!this.kind.value || one.kinds.includes(this.kind.value));
      this.items[number].hidden = !found;
      count += found;
    });
    document.getElementById("found").textContent = count === this.index.length
      ? counted(count, "scenario") : `${count} of ${counted(this.index.length, "scenario")}`;
  }

  async go() {
    const turn = (this.turns += 1);
    const number = Number(location.hash.slice(2)) - 1;
    const open = Number.isInteger(number) && number >= 0 && number < this.index.length;
    document.getElementById("overview").hidden = open;
    this.place.hidden = !open;
    document.querySelectorAll("nav a").forEach((link) => {
      const here = link.getAttribute("href") === (open ? `#/${number + 1}` : "#/");
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    this.view?.close();
    this.view = null;
    this.place.replaceChildren();
    if (!open) return;
    const told = await unpacked(`scenario-${number}`);
    if (turn !== this.turns) return;
    this.view = new ScenarioView(number, told);
    this.place.replaceChildren(this.view.element);
    window.scrollTo(0, 0);
    await this.view.open();
    this.place.dataset.open = number + 1;
  }

  key(key) {
    if (!this.view || key.ctrlKey || key.metaKey || key.altKey) return;
    if (key.target.closest("input, select, button, summary, a")) return;
    const does = {
      " ": () => this.view.turn(),
      ArrowLeft: () => this.view.stage.step(-1),
      ArrowRight: () => this.view.stage.step(1),
    }[key.key];
    if (!does) return;
    key.preventDefault();
    does();
  }
}

unpacked("index").then((index) => new Page(index));
