// Keeps the page up to date: hears that there is news, fetches the page again, and puts its content in place of the
// old, without moving what the reader looks at. Without this script every page works, and stands still.
"use strict";
(() => {
  const sign = document.getElementById("live");
  const SLOWEST_FIRST_TRY = 1000, SLOWEST_TRY = 15000, BETWEEN_FETCHES = 1000;
  let source = null, pause = SLOWEST_FIRST_TRY, timer = null, fetching = false, stale = false, fetched = 0;

  function show(state) {
    sign.hidden = false;
    if (sign.dataset.state !== state) {
      sign.dataset.state = state;
      sign.textContent = state;
    }
  }

  function open() {
    if (source || document.hidden) return;
    source = new EventSource("/live?seen=" + document.body.dataset.seen);
    source.onopen = () => { pause = SLOWEST_FIRST_TRY; show("live"); };
    source.addEventListener("news", refresh);
    source.onerror = () => {
      close();
      show("disconnected");
      timer = setTimeout(open, pause);
      pause = Math.min(pause * 2, SLOWEST_TRY);
    };
  }

  // A hidden page listens to nothing: browsers allow few connections, and teams open many tabs.
  function close() {
    clearTimeout(timer);
    if (source) source.close();
    source = null;
  }

  async function refresh() {
    stale = true;
    if (fetching) return;
    fetching = true;
    while (stale && !document.hidden) {
      const wait = fetched + BETWEEN_FETCHES - Date.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      stale = false;
      fetched = Date.now();
      await fetchAndSwap();
    }
    fetching = false;
  }

  async function fetchAndSwap() {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.redirected && new URL(answer.url).pathname === "/sign-in") return location.assign(answer.url);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok || !page.body.dataset.seen) return;
      if (selects()) { stale = true; return; }
      document.body.dataset.seen = page.body.dataset.seen;
      document.getElementById("clock").textContent = page.getElementById("clock").textContent;
      document.title = page.title;
      swap(document.getElementById("main"), page.getElementById("main"));
    } catch {
      show("disconnected");
    }
  }

  // Somebody is marking text to copy it: wait for the next news.
  function selects() {
    const selection = getSelection();
    return selection && !selection.isCollapsed && document.getElementById("main").contains(selection.anchorNode);
  }

  function swap(old, fresh) {
    for (const details of old.querySelectorAll("details[id]")) {
      const next = fresh.querySelector("#" + CSS.escape(details.id));
      if (next) next.open = details.open;
    }
    for (const field of old.querySelectorAll("input[id], select[id]")) {
      const next = fresh.querySelector("#" + CSS.escape(field.id));
      if (next) next.value = field.value;
    }
    const focus = place(old, document.activeElement);
    const scrolled = [...old.querySelectorAll(".scroll[id]")].map((box) => [box.id, box.scrollLeft, box.scrollTop]);
    const [x, y] = [scrollX, scrollY];
    old.replaceChildren(...fresh.childNodes);
    for (const [id, left, top] of scrolled) document.getElementById(id)?.scrollTo(left, top);
    scrollTo(x, y);
    if (focus) find(old, focus)?.focus({ preventScroll: true });
  }

  // Where the focus is: an id, or the how-manieth of the same links.
  function place(main, element) {
    if (!element || element === main || !main.contains(element)) return null;
    const selector = element.id ? "#" + CSS.escape(element.id)
      : element.hasAttribute("href") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]`
      : element.tagName.toLowerCase();
    const all = [...main.querySelectorAll(selector)];
    const text = element.selectionStart;
    return { selector, index: all.indexOf(element), text };
  }

  function find(main, { selector, index, text }) {
    const element = main.querySelectorAll(selector)[index];
    if (element && text != null && element.setSelectionRange) element.setSelectionRange(text, text);
    return element;
  }

  // The name of the step, when a cell far from the head is looked at.
  document.addEventListener("pointerover", (event) => {
    const link = event.target.closest(".matrix td a");
    if (!link || link.title) return;
    const row = link.closest("tr"), head = link.closest("table").tHead.rows[1].cells[link.parentNode.cellIndex];
    link.title = `${row.cells[0].firstElementChild.textContent}: ${head.firstElementChild.title}, ${link.ariaLabel}`;
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return close();
    open();
    if (stale) refresh();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
})();
