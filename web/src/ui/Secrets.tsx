import type { Secret } from "../api/types.ts";
import { secrets } from "../live/store.ts";
import { secretWords } from "../site/admission.ts";
import { natural } from "../site/words.ts";
import { Prose } from "./small.tsx";

/** Which secrets the region takes, and who still uses which: what must be known before an old one is dropped. */
export function Secrets() {
  if (secrets.value === null || secrets.value.length === 0) return null;
  return (
    <>
      <h3 class="subhead" id="secrets-title">
        Secrets in use
      </h3>
      <ul class="secrets" aria-labelledby="secrets-title">
        {secrets.value.map((secret) => (
          <SecretLine key={secret.id} secret={secret} />
        ))}
      </ul>
    </>
  );
}

function SecretLine({ secret }: { secret: Secret }) {
  const users = [...secret.agents].sort((a, b) => natural(a.name, b.name));
  return (
    <li>
      <code>{secret.id}</code> <Prose>{secretWords(secret)}</Prose>
      {users.length > 0 && (
        <span class="soft">
          {" "}
          ({users.map((user) => user.name || user.agent).join(", ")})
        </span>
      )}
    </li>
  );
}
