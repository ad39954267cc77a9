import { useState } from "preact/hooks";
import type { Credentials } from "../api/client.ts";
import { enter } from "../live/actions.ts";
import { trouble } from "../live/store.ts";
import { Field } from "./Field.tsx";

/** The door: as a user, or with the one-time token. */
export function Login() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const attempt = async (credentials: Credentials): Promise<void> => {
    setBusy(true);
    const failure = await enter(credentials);
    trouble.value = "";
    setPassword("");
    setBusy(false);
    setWrong(failure);
  };
  const asUser = (event: Event): void => {
    event.preventDefault();
    if (!user.trim() || !password) return setWrong("User name and password are both needed.");
    void attempt({ user: user.trim(), password });
  };
  const byToken = (event: Event): void => {
    event.preventDefault();
    const bare = token.trim().replace(/^.*#login=/, "");
    if (!bare) return setWrong("The token is missing.");
    void attempt({ token: bare });
  };
  return (
    <main class="door">
      <h1>Bellrock</h1>
      <p class="wrong" role="alert">
        {wrong || trouble.value}
      </p>
      <form onSubmit={asUser} aria-label="As a user">
        <Field id="user" label="User" value={user} onText={setUser} autocomplete="username" />
        <Field id="password" label="Password" secret value={password} onText={setPassword} autocomplete="current-password" />
        <button type="submit" disabled={busy}>
          Log in
        </button>
      </form>
      <p class="or">or, for who started the region</p>
      <form onSubmit={byToken} aria-label="With the one-time token">
        <Field id="token" label="One-time login token" secret value={token} onText={setToken} autocomplete="off" />
        <button type="submit" disabled={busy}>
          Come in
        </button>
      </form>
      <p class="soft">
        It is the last part of the address that <code>bellrock up</code> or <code>bellrock region</code> printed when it started. It works once; each start prints a new one.
      </p>
    </main>
  );
}
