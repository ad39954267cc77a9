import { clear } from "../live/actions.ts";
import { folded, session, view } from "../live/store.ts";
import { toggleTheme } from "../live/theme.ts";

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "filter"],
  ["p", "to the picture, or the table"],
  ["← → ↑ ↓", "in picture and table: from port to port"],
  ["Home End", "in picture and table: first, last"],
  ["Enter", "hold the port or VLAN, or let it go"],
  ["a, b", "in the picture: explain from here, to here"],
  ["e", "name two ports to explain"],
  ["v", "picture or table"],
  ["f", "fold hosts wired alike, or unfold them"],
  ["t", "light or dark"],
  ["Esc", "let go of everything"],
  ["?", "these keys"],
];

export function openKeys(): void {
  dialog()?.showModal();
}

export function Keys() {
  return (
    <dialog id="keys" aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl>
        {KEYS.map(([key, words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">close</button>
      </form>
    </dialog>
  );
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  "/": () => focus("#filter"),
  "?": openKeys,
  p: () => focus("#view [data-spot][tabindex='0'].plug, #view .cell[tabindex='0']"),
  e: () => focus("#end-a"),
  v: () => (view.value = view.value === "picture" ? "table" : "picture"),
  f: () => (folded.value = !folded.value),
  t: toggleTheme,
  Escape: clear,
};

/** Keys that work everywhere but where one types. */
export function onKey(event: KeyboardEvent): void {
  if (session.value !== "in" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || dialog()?.open) return;
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
  if (typing) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function focus(selector: string): void {
  document.querySelector<HTMLElement | SVGElement>(selector)?.focus();
}

function dialog(): HTMLDialogElement | null {
  return document.querySelector<HTMLDialogElement>("#keys");
}
