import { useState } from "preact/hooks";
import { addUser } from "../api/client.ts";
import { newUserTrouble, ROLES } from "../site/roles.ts";
import { Field } from "./Field.tsx";
import type { Change } from "./Users.tsx";

/** Makes one more user. */
export function NewUser({ change }: { change: Change }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>("viewer");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [wrong, setWrong] = useState("");
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    const trouble = newUserTrouble(name, password, again) || (await change(() => addUser(name.trim(), role, password)));
    setWrong(trouble);
    if (trouble) return;
    for (const clear of [setName, setPassword, setAgain]) clear("");
  };
  return (
    <form class="fields" onSubmit={(event) => void make(event)} aria-label="One more user">
      <Field id="new-name" label="New user" value={name} onText={setName} autocomplete="off" />
      <label for="new-role">Role</label>
      <select id="new-role" value={role} onChange={(event) => setRole(event.currentTarget.value)}>
        {ROLES.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
      <Field id="new-password" label="Password" secret value={password} onText={setPassword} autocomplete="new-password" />
      <Field id="new-again" label="Password again" secret value={again} onText={setAgain} autocomplete="new-password" />
      <button type="submit">Make this user</button>
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </form>
  );
}
