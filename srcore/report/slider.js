"use strict";

// Two pictures over each other: drag, or move the control below with pointer, touch or keys.
function makeSlider(stack, range) {
  const show = () => stack.style.setProperty("--cut", range.value + "%");
  const follow = (event) => {
    const box = stack.getBoundingClientRect();
    range.value = 100 * (event.clientX - box.left) / box.width;
    show();
  };
  range.addEventListener("input", show);
  stack.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stack.setPointerCapture(event.pointerId);
    follow(event);
  });
  stack.addEventListener("pointermove", (event) => {
    if (stack.hasPointerCapture(event.pointerId)) follow(event);
  });
  show();
}
