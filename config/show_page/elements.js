// Makes elements. Whatever a data set says becomes text, never HTML.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(made.dataset, value);
    } else if (name in made && name !== "list") {
      made[name] = value;
    } else {
      made.setAttribute(name, value);
    }
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function words(name) {
  return name.replaceAll("_", " ");
}

function counted(count, name) {
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

function seconds(value) {
  return `${value.toFixed(2)} s`;
}

function rgb([red, green, blue], alpha = 1) {
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}

// A button that is on or off.
function toggle(text, on, changed) {
  const button = element("button", { type: "button", className: "toggle", textContent: text });
  const set = (value) => button.setAttribute("aria-pressed", String(value));
  button.addEventListener("click", () => {
    const value = button.getAttribute("aria-pressed") !== "true";
    set(value);
    changed(value);
  });
  set(on);
  return button;
}
