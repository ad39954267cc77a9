import { useState } from "preact/hooks";
import { changeRole, fetchUsers, removeUser } from "../api/client.ts";
import type { User } from "../api/types.ts";
import { refusal } from "../live/refusal.ts";
import { allowed, me } from "../live/store.ts";
import { moment } from "../site/admission.ts";
import { ROLES } from "../site/roles.ts";
import { NewUser } from "./NewUser.tsx";
import { Scroll } from "./small.tsx";
import { Sure } from "./Sure.tsx";

/** Does something to the users and shows them as they are then. Returns what went wrong, or nothing. */
export type Change = (act: () => Promise<void>) => Promise<string>;

/** Who may log in, for those who decide it. Asked for only when somebody wants to see it. */
export function Users() {
  const [users, setUsers] = useState<readonly User[] | null>(null);
  const [wrong, setWrong] = useState("");
  if (!allowed("admin")) return null;
  const change: Change = async (act) => {
    try {
      await act();
      setUsers(await fetchUsers());
      return "";
    } catch (error) {
      return refusal(error);
    }
  };
  const ask = async (): Promise<void> => setWrong(await change(async () => undefined));
  return (
    <section class="block" aria-labelledby="users-title">
      <header class="section-head">
        <h2 id="users-title">
          Users {users !== null && <span class="soft num">{users.length}</span>}
        </h2>
        <button type="button" class="quiet" onClick={() => void ask()}>
          {users === null ? "show the users" : "look again"}
        </button>
      </header>
      <p class="wrong" role="alert">
        {wrong}
      </p>
      {users !== null && users.length > 0 && <UserTable users={users} change={change} />}
      {users !== null && <NewUser change={change} />}
    </section>
  );
}

function UserTable({ users, change }: { users: readonly User[]; change: Change }) {
  return (
    <Scroll label="Users">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">Role</th>
            <th scope="col">Made</th>
            <th scope="col">Last login</th>
            <th scope="col" class="right">
              Browsers
            </th>
            <th scope="col">Remove</th>
          </tr>
        </thead>
        <tbody>
          {users.map((user) => (
            <tr key={user.name}>
              <th scope="row">{user.name}</th>
              <td>
                <RoleChoice user={user} change={change} />
              </td>
              <td class="num">{moment(user.created)}</td>
              <td class="num">{user.seen === null ? <span class="soft">never</span> : moment(user.seen)}</td>
              <td class="right num">{user.sessions}</td>
              <td>
                <Sure label="remove" name={`Remove ${user.name}`} question={removal(user)} yes="yes, remove" act={() => change(() => removeUser(user.name))} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function removal(user: User): string {
  return user.name === me.value?.user ? "Remove yourself? Your session ends." : `Remove ${user.name}? All sessions and tokens of ${user.name} end.`;
}

/** The role, and the way to another: it ends the user's sessions, so it takes a second click. */
function RoleChoice({ user, change }: { user: User; change: Change }) {
  const [wanted, setWanted] = useState(user.role);
  const [wrong, setWrong] = useState("");
  const set = async (): Promise<void> => {
    const failure = await change(() => changeRole(user.name, wanted));
    setWrong(failure);
    if (failure) setWanted(user.role);
  };
  return (
    <span class="sure">
      <select aria-label={`Role of ${user.name}`} value={wanted} onChange={(event) => setWanted(event.currentTarget.value)}>
        {ROLES.map((role) => (
          <option key={role} value={role}>
            {role}
          </option>
        ))}
      </select>
      {wanted !== user.role && (
        <button type="button" onClick={() => void set()}>
          make {user.name} {wanted}
        </button>
      )}
      <span class="wrong" role="alert">
        {wrong}
      </span>
    </span>
  );
}
