// Comfort only; without it everything can still be read. Touches nothing but this page.
"use strict";
(function () {
  function openTo(id) {
    var target = id && document.getElementById(id);
    for (var node = target; node; node = node.parentElement)
      if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
  }
  function fromHash() {
    openTo(decodeURIComponent(location.hash.slice(1)));
  }
  addEventListener("hashchange", fromHash);
  fromHash();
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) openTo(link.hash.slice(1));
  });

  var filter = document.querySelector(".filter");
  if (!filter) return;
  var areas = Array.from(document.querySelectorAll(".areas > details"));
  filter.addEventListener("change", function (event) {
    if (event.target.type === "radio")
      areas.forEach(function (area) { area.open = event.target.id !== "f-all"; });
  });

  var label = document.createElement("label");
  label.className = "vh";
  label.htmlFor = "search";
  label.textContent = "Search the cases";
  var box = document.createElement("input");
  box.type = "search";
  box.id = "search";
  box.className = "search";
  box.placeholder = "Search the cases";
  filter.append(label, box);
  var texts = new Map();
  box.addEventListener("input", function () {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    areas.forEach(function (area) {
      var found = 0;
      area.querySelectorAll(".case").forEach(function (one) {
        if (!texts.has(one)) texts.set(one, one.textContent.toLowerCase());
        var has = words.every(function (word) { return texts.get(one).includes(word); });
        one.classList.toggle("miss", !has);
        found += has;
      });
      area.classList.toggle("miss", found === 0);
      area.open = words.length > 0 && found > 0;
    });
  });
})();
