for (const shot of document.querySelectorAll(".shot")) {
  const stack = shot.querySelector(".stack");
  const pictures = [...stack.querySelectorAll("img:not(.truth)")];
  makeSlider(stack, shot.querySelector("input"));

  for (const side of ["left", "right"]) {
    const pick = shot.querySelector(".pick-" + side);
    if (!pick) continue;
    const choose = () => {
      pictures.forEach((picture, index) => picture.classList.toggle(side, index === Number(pick.value)));
      shot.querySelector(".tag-" + side).textContent = pick.selectedOptions[0].textContent;
    };
    pick.addEventListener("change", choose);
    choose(); // a reloaded page keeps what was picked
  }

  const truth = shot.querySelector("button");
  if (truth) {
    truth.addEventListener("click", () => {
      truth.setAttribute("aria-pressed", String(stack.classList.toggle("show-truth")));
    });
  }
}

// The values of a chart under the pointer.
for (const plot of document.querySelectorAll(".plot")) {
  const lines = JSON.parse(plot.dataset.lines);
  const low = Number(plot.dataset.low), high = Number(plot.dataset.high);
  const cross = document.createElement("span"), reading = document.createElement("span");
  cross.className = "cross";
  reading.className = "reading";
  cross.hidden = reading.hidden = true;
  plot.append(cross, reading);

  const nearest = (points, iteration) => points.reduce(
    (best, point) => Math.abs(point[0] - iteration) < Math.abs(best[0] - iteration) ? point : best);
  const read = (event) => {
    const box = plot.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const iteration = low + share * (high - low);
    const found = lines.map((line) => nearest(line.points, iteration));
    const at = nearest(found, iteration)[0], left = 100 * (at - low) / (high - low);
    reading.textContent = "iteration " + at.toLocaleString("en");
    lines.forEach((line, index) => {
      const row = document.createElement("div"), swatch = document.createElement("i");
      swatch.className = "swatch c" + line.color;
      row.append(swatch, (lines.length > 1 ? line.label + "  " : "") + Number(found[index][1].toPrecision(5)));
      reading.append(row);
    });
    cross.style.left = left + "%";
    reading.style.left = left > 50 ? "auto" : `calc(${left}% + .6rem)`;
    reading.style.right = left > 50 ? `calc(${100 - left}% + .6rem)` : "auto";
    cross.hidden = reading.hidden = false;
  };
  plot.addEventListener("pointermove", read);
  plot.addEventListener("pointerdown", read);
  plot.addEventListener("pointerleave", () => { cross.hidden = reading.hidden = true; });
}
