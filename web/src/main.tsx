import { render } from "preact";
import { fetchMe } from "./api/client.ts";
import { begin, enter } from "./live/actions.ts";
import { refusal } from "./live/refusal.ts";
import { session, trouble } from "./live/store.ts";
import { followTheme } from "./live/theme.ts";
import { App } from "./ui/App.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/picture.css";
import "./styles/frame.css";
import "./styles/side.css";
import "./styles/tables.css";
import "./styles/panes.css";
import "./styles/people.css";
import "./styles/reach.css";
import "./styles/wrong.css";
import "./styles/widths.css";

/** Takes the one-time token out of the address bar before anything else can see, store or send it. */
function takeToken(): string {
  const match = /^#login=(.+)$/.exec(location.hash);
  if (!match?.[1]) return "";
  history.replaceState(null, "", location.pathname + location.search);
  return match[1];
}

/** Counts what was tried, so that a slow answer to an earlier attempt does not undo a later one. */
let attempts = 0;

async function open(token: string): Promise<void> {
  const mine = ++attempts;
  if (token) {
    const wrong = await enter({ token });
    if (!wrong || mine !== attempts) return;
    trouble.value = wrong;
  }
  try {
    const known = await fetchMe();
    if (mine !== attempts) return;
    if (known !== null) {
      trouble.value = "";
      begin(known);
    } else session.value = "out";
  } catch (error) {
    if (mine !== attempts) return;
    session.value = "out";
    trouble.value = refusal(error);
  }
}

const token = takeToken();
followTheme();
const root = document.getElementById("page");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}
addEventListener("hashchange", () => {
  const late = takeToken();
  if (late) void open(late);
});
void open(token);
