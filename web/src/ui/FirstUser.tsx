import { useState } from "preact/hooks";
import { makeFirstUser } from "../live/actions.ts";
import { me } from "../live/store.ts";
import { newUserTrouble } from "../site/roles.ts";
import { Field } from "./Field.tsx";

/** Asks whoever came in by the one-time token to make the first user, until there is one. */
export function FirstUser() {
  const [later, setLater] = useState(false);
  if (!me.value?.first_run || later) return null;
  return (
    <section class="first-user" aria-labelledby="first-user-title">
      <h2 id="first-user-title">Nobody has a user here yet</h2>
      <p>Whoever has the one-time token comes in with all rights, once. Make the first user now; that user makes the others.</p>
      <FirstUserForm />
      <button type="button" class="link" onClick={() => setLater(true)}>
        not now
      </button>
    </section>
  );
}

function FirstUserForm() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    const trouble = newUserTrouble(name, password, again);
    if (trouble) return setWrong(trouble);
    setBusy(true);
    setWrong(await makeFirstUser(name.trim(), password));
    setBusy(false);
  };
  return (
    <form class="fields" onSubmit={(event) => void make(event)} aria-labelledby="first-user-title">
      <Field id="first-name" label="Name" value={name} onText={setName} autocomplete="username" />
      <Field id="first-password" label="Password" secret value={password} onText={setPassword} autocomplete="new-password" />
      <Field id="first-again" label="Password again" secret value={again} onText={setAgain} autocomplete="new-password" />
      <button type="submit" disabled={busy}>
        Make this user
      </button>
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </form>
  );
}
