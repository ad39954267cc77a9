import { useState } from "preact/hooks";
import { enter } from "../live/actions.ts";
import { trouble } from "../live/store.ts";

export function Login() {
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const bare = token.trim().replace(/^.*#login=/, "");
    if (!bare) return setWrong("The token is missing.");
    setBusy(true);
    const failure = await enter(bare);
    trouble.value = "";
    setBusy(false);
    setWrong(failure);
  };
  return (
    <main class="door">
      <h1>Bellrock</h1>
      <p>
        To come in, open the address that <code>bellrock up</code> printed when it started, or paste its last part here. The token works once; <code>bellrock up</code>{" "}
        prints a new one each time it starts.
      </p>
      <form onSubmit={(event) => void submit(event)}>
        <label for="token">One-time login token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={token}
          aria-describedby="wrong"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <button type="submit" disabled={busy}>
          Log in
        </button>
        <p id="wrong" class="wrong" role="alert">
          {wrong || trouble.value}
        </p>
      </form>
    </main>
  );
}
