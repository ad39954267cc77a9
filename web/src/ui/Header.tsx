import { leave } from "../live/actions.ts";
import { link, me, now, query } from "../live/store.ts";
import { darkNow, theme, toggleTheme } from "../live/theme.ts";
import { age } from "../site/words.ts";
import { openKeys } from "./Keys.tsx";

export function Header() {
  return (
    <header class="top">
      <h1>Bellrock</h1>
      <Pulse />
      <search class="filter">
        <label class="unseen" for="filter">
          Filter by host, VLAN, interface or MAC address
        </label>
        <input
          id="filter"
          type="search"
          placeholder="filter: host, VLAN, interface, MAC"
          autocomplete="off"
          spellcheck={false}
          value={query.value}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
        <kbd aria-hidden="true">/</kbd>
      </search>
      <div class="tools">
        <button type="button" id="theme" class="quiet" onClick={toggleTheme} aria-pressed={theme.value === "dark" || (theme.value === "system" && darkNow())}>
          dark
        </button>
        <button type="button" id="help" class="quiet" onClick={openKeys}>
          keys <kbd aria-hidden="true">?</kbd>
        </button>
        <Who />
        <button type="button" class="quiet" onClick={() => void leave()}>
          log out
        </button>
      </div>
    </header>
  );
}

/** Whose session this is, and what it may do. */
function Who() {
  if (me.value === null) return null;
  return (
    <span class="who" title={`logged in as ${me.value.user}, ${me.value.role}`}>
      <span class="who-name">{me.value.user}</span> <span class="soft">{me.value.role}</span>
    </span>
  );
}

/** Whether what is shown is what the region says now. */
function Pulse() {
  const { state, lastWord, retryAt } = link.value;
  const silent = Math.max(0, now.value - lastWord) / 1000;
  if (state === "live")
    return (
      <p class="pulse live">
        <span class="lamp" aria-hidden="true" />
        live
      </p>
    );
  const wait = Math.max(0, Math.ceil((retryAt - now.value) / 1000));
  return (
    <p class="pulse lost" role="status">
      <span class="lamp" aria-hidden="true" />
      no word from the region for <span class="num">{age(silent)}</span>
      {state === "lost" && <span class="soft">; {wait > 0 ? `trying again in ${wait} s` : "trying again"}</span>}
    </p>
  );
}
