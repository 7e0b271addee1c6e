for (const box of document.querySelectorAll("[data-steps]")) {
  const steps = JSON.parse(box.dataset.steps);
  const [slide, wipe, under] = [".slide", ".wipe", ".under"].map((c) => box.querySelector(c));
  const [at, part] = box.querySelectorAll("output");
  const show = () => {
    box.style.setProperty("--f", slide.value);
    at.textContent = "step " + steps[slide.value];
    slide.setAttribute("aria-valuetext", at.textContent);
    box.style.setProperty("--w", wipe.value + "%");
    box.style.setProperty("--b", wipe.value > 0 && wipe.value < 100 ? 1 : 0);
    part.textContent = wipe.value + " % " + under.selectedOptions[0].textContent;
    wipe.setAttribute("aria-valuetext", part.textContent);
    box.dataset.under = under.value;
  };
  for (const control of [slide, wipe, under]) control.addEventListener("input", show);
  box.querySelector(".controls").hidden = false;
  show();
}
addEventListener("beforeprint", () => {
  for (const d of document.querySelectorAll("details")) d.open = true;
});
