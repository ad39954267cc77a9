import { folded, view } from "../live/store.ts";

const VIEWS = ["picture", "table"] as const;

/** Two tabs; the arrow keys move between them. */
export function ViewSwitch() {
  const turn = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    event.stopPropagation();
    view.value = view.value === "picture" ? "table" : "picture";
    document.getElementById(`tab-${view.value}`)?.focus();
  };
  return (
    <div class="views">
      {view.value === "picture" && (
        <button type="button" class="quiet" aria-pressed={folded.value} onClick={() => (folded.value = !folded.value)}>
          fold hosts wired alike
        </button>
      )}
    <div class="tabs" role="tablist" aria-label="How to show it" onKeyDown={turn}>
      {VIEWS.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-controls="view"
          aria-selected={view.value === name}
          tabIndex={view.value === name ? 0 : -1}
          onClick={() => (view.value = name)}
        >
          {name}
        </button>
      ))}
    </div>
    </div>
  );
}
