// Sorts and filters the tables and notes of a report. Without it the page is whole; it adds buttons and fields, and hides rows.
// It fetches nothing, keeps nothing and makes no markup of text. What it says stands in the page, in its language.
"use strict";
(() => {
  const language = document.documentElement.lang;
  const template = document.getElementById("words");
  const words = template.dataset;
  const areas = words.areas.split("\n");
  const collator = new Intl.Collator(language, { numeric: true });
  // The tools before a table or a list of notes, by the element they belong to.
  const tools = new Map();
  // A field or a button for fewer rows would be longer than the table.
  const FILTER_FROM = 8;
  const SORT_FROM = 4;

  const say = (pattern, values) => pattern.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  const count = (number) => number.toLocaleString(language);
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const rowsOf = (holder) => [...holder.querySelectorAll(":scope > li, tbody > tr:not(.family)")];
  const statusOf = (holder) => tools.get(holder)?.querySelector("[role=status]");
  const isShown = (element) => !element.closest(".not-asked, .not-chosen");

  // --- Sorting: within the groups of a table, by the words or the first number of a column --------------------------

  const separators = Object.fromEntries(
    new Intl.NumberFormat(language).formatToParts(1234567.8).map((part) => [part.type, part.value]),
  );

  function numberIn(text) {
    const digits = text.replaceAll(separators.group, "").replace(separators.decimal, ".").match(/-?\d+(\.\d+)?/);
    return digits ? Number(digits[0]) : NaN;
  }

  function comparing(column, kind, sign) {
    const key = (row) => row.cells[column].textContent.trim();
    if (kind === "text") {
      return (a, b) => sign * collator.compare(key(a), key(b));
    }
    // What has no number stands last in either order.
    return (a, b) => {
      const [x, y] = [numberIn(key(a)), numberIn(key(b))];
      return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) : sign * (x - y);
    };
  }

  function sort(table, head, printed) {
    const next = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort ?? "none"];
    for (const other of table.querySelectorAll("th[aria-sort]")) {
      other.ariaSort = "none";
    }
    head.ariaSort = next;
    for (const body of table.tBodies) {
      const rows = printed.get(body);
      const ordered = next === "none" ? rows
        : rows.toSorted(comparing(head.cellIndex, head.dataset.sort, next === "ascending" ? 1 : -1));
      body.append(...ordered);
    }
    return say(words[next], { column: head.textContent.trim() });
  }

  function makeSortable(table) {
    const printed = new Map(
      [...table.tBodies].map((body) => [body, [...body.rows].filter((row) => !row.matches(".family"))]),
    );
    for (const head of table.querySelectorAll("thead th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      button.addEventListener("click", () => { statusOf(table).textContent = sort(table, head, printed); });
      head.append(button);
      head.ariaSort = "none";
    }
  }

  // --- Filtering one table or one list of notes ---------------------------------------------------------------------

  const familyOf = (row) => row.parentElement.querySelector(".family");

  function showFamilies(holder) {
    for (const family of holder.querySelectorAll("tr.family")) {
      const rows = [...family.parentElement.rows].filter((row) => row !== family);
      family.classList.toggle("not-asked", rows.every((row) => row.matches(".not-asked, .not-chosen")));
    }
  }

  function filter(holder, wanted) {
    const rows = rowsOf(holder);
    for (const row of rows) {
      const text = `${familyOf(row)?.textContent ?? ""} ${row.textContent}`;
      row.classList.toggle("not-asked", !plain(text).includes(plain(wanted)));
    }
    showFamilies(holder);
    const shown = rows.filter((row) => !row.matches(".not-asked, .not-chosen")).length;
    statusOf(holder).textContent = wanted ? say(words.shown, { shown: count(shown), all: count(rows.length) }) : "";
  }

  function addTools(holder, name, place) {
    const tool = template.content.firstElementChild.cloneNode(true);
    const field = tool.querySelector("input");
    field.setAttribute("aria-label", `${field.parentElement.textContent.trim()}: ${name}`);
    if (rowsOf(holder).length < FILTER_FROM) {
      field.parentElement.remove();
    } else {
      field.addEventListener("input", () => filter(holder, field.value));
    }
    tools.set(holder, tool);
    place.before(tool);
  }

  for (const table of document.querySelectorAll("main table:has(thead)")) {
    const size = rowsOf(table).length;
    if (size >= FILTER_FROM || (size >= SORT_FROM && table.querySelector("thead th[data-sort]"))) {
      addTools(table, table.caption.textContent, table.parentElement);
      makeSortable(table);
    }
  }
  for (const list of document.querySelectorAll("main ol.notes")) {
    if (rowsOf(list).length >= FILTER_FROM) {
      addTools(list, list.previousElementSibling.textContent, list);
    }
  }

  // --- Filtering the page by country and instrument -----------------------------------------------------------------

  const pageTools = document.querySelector(".page-tools");
  const chooser = (name) => pageTools.querySelector(`select[name=${name}]`);
  const choosers = [chooser("place"), chooser("instrument")].filter(Boolean);
  const filtered = document.querySelector(".filtered");

  // Whole names only: "Dominica" is not in "Dominican Republic".
  function naming(names) {
    const escaped = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    return new RegExp(`(?<!\\p{L})(?:${escaped.join("|")})(?!\\p{L})`, "u");
  }

  // Rows say in data-rows what they name; a table says in data-columns what its columns are.
  function choose() {
    const place = chooser("place")?.value ?? "";
    const instrument = chooser("instrument")?.value ?? "";
    const sheet = chooser("instrument")?.selectedOptions[0].dataset.sheet;
    const ofPlace = naming([place, ...areas]);
    const ofInstrument = naming([instrument]);
    let [shown, all] = [0, 0];
    for (const table of document.querySelectorAll("main table[data-rows]")) {
      const column = [...table.tHead.rows[0].cells].findIndex((head) => head.textContent.trim() === place);
      const hasColumns = table.dataset.columns === "place";
      const byPlace = place && table.dataset.rows.includes("place");
      const byInstrument = instrument && table.dataset.rows.includes("instrument");
      const rows = rowsOf(table);
      for (const row of rows) {
        const text = `${familyOf(row)?.textContent ?? ""} ${row.textContent}`;
        const isOther = (byPlace && !ofPlace.test(text)) || (byInstrument && !ofInstrument.test(text))
          || (hasColumns && place && row.cells[column]?.matches(".none") !== false);
        row.classList.toggle("not-chosen", Boolean(isOther));
      }
      if (hasColumns) {
        for (const cell of table.querySelectorAll("th + th, td")) {
          cell.classList.toggle("not-chosen", Boolean(place) && cell.cellIndex !== column);
        }
      }
      showFamilies(table);
      const left = rows.filter((row) => !row.matches(".not-chosen")).length;
      table.parentElement.classList.toggle("not-chosen", !left);
      tools.get(table)?.classList.toggle("not-chosen", !left);
      shown += left;
      all += rows.length;
    }
    for (const article of document.querySelectorAll(".sheet")) {
      const verdicts = [...article.querySelectorAll(".verdict")];
      for (const verdict of verdicts) {
        verdict.classList.toggle("not-chosen", Boolean(place) && !ofPlace.test(verdict.querySelector("h3").textContent));
      }
      const isOther = Boolean(sheet) && article.id !== sheet;
      article.classList.toggle("not-chosen", isOther || verdicts.every((verdict) => verdict.matches(".not-chosen")));
    }
    const chosen = [place, instrument].filter(Boolean).join(", ");
    filtered.textContent = chosen ? say(words.filtered, { chosen, shown: count(shown), all: count(all) }) : "";
  }

  // A link to what is hidden shows everything again.
  function showAll() {
    for (const select of choosers) {
      select.value = "";
    }
    choose();
    for (const [holder, tool] of tools) {
      for (const field of tool.querySelectorAll("input")) {
        field.value = "";
        filter(holder, "");
      }
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const target = link && document.getElementById(link.hash.slice(1));
    if (target && !isShown(target)) {
      showAll();
    }
  });

  if (choosers.length) {
    pageTools.hidden = false;
    for (const select of choosers) {
      select.addEventListener("change", choose);
    }
  }

  // --- The frame ----------------------------------------------------------------------------------------------------

  // A group that does not scroll is no stop for the keyboard.
  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
    }
  });
  for (const group of document.querySelectorAll(".scroll")) {
    watcher.observe(group);
  }

  // On a narrow screen the contents would be several screens long.
  const contents = document.querySelector(".contents details");
  if (contents && !matchMedia("(min-width: 70rem)").matches) {
    contents.open = false;
  }
})();
