// What makes the console better where scripts run. Everything works without it.
"use strict";

// "/" goes to the search of the page, as in many programs that people use all day.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("[data-search]");
  if (search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

// A form of filters is sent when a choice is made.
for (const form of document.querySelectorAll("form[data-filters]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, input[type=checkbox], input[type=date]")) form.requestSubmit();
  });
}

// A page that shows how things stand is looked at anew, unless somebody reads or types in it.
const anew = document.querySelector("[data-anew]");
if (anew) {
  setInterval(() => {
    const busy = document.hidden || document.activeElement?.matches("input, select, textarea") || String(getSelection());
    if (!busy) location.reload();
  }, Number(anew.dataset.anew) * 1000);
}
