import type { Enrolment } from "../api/types.ts";
import { letIn, shutOut } from "../live/admission.ts";
import { allowed, authority, enrolments } from "../live/store.ts";
import { byNeed, moment, stateWords } from "../site/admission.ts";
import { Scroll } from "./small.tsx";
import { Secrets } from "./Secrets.tsx";
import { Sure } from "./Sure.tsx";

const JOIN_LINE = "sudo bellrock rack join --stay --secret-file FILE    # FILE: a copy of this site's secret";
const LISTEN_LINE = "bellrock region --listen 127.0.0.1:5240 --listen 0.0.0.0:5443";

/** Which agents were let in, which wait for it, and what they prove themselves with. */
export function Enrolments() {
  if (enrolments.value === null) return null;
  const all = byNeed(enrolments.value.value);
  return (
    <section class="block" aria-labelledby="enrolments-title">
      <h2 id="enrolments-title" tabIndex={-1}>
        Agents that joined <span class="soft num">{all.length}</span>
      </h2>
      {all.length === 0 && <HowToJoin />}
      {all.length > 0 && <EnrolmentTable all={all} />}
      <AuthorityLine />
      <Secrets />
    </section>
  );
}

/** What `bellrock rack join` shows on the other machine as well. Its line is there before it is known, so that nothing moves. */
function AuthorityLine() {
  const known = authority.value;
  return (
    <p class="facts">
      Certificate authority {known === null ? "not told" : <code class="fingerprint">{known.fingerprint}</code>}
      {known !== null && known.regions.length > 0 && <>, at {known.regions.join(", ")}</>}
    </p>
  );
}

function HowToJoin() {
  const deaf = authority.value !== null && authority.value.regions.length === 0;
  return (
    <div class="how">
      <p class="soft">{deaf ? "None so far, and none can: the region listens on its own machine only. Others reach it when it is started so:" : "None so far. On another machine of this network, with nothing but the secret:"}</p>
      <pre tabIndex={0}>{deaf ? LISTEN_LINE : JOIN_LINE}</pre>
    </div>
  );
}

function EnrolmentTable({ all }: { all: readonly Enrolment[] }) {
  return (
    <Scroll label="Agents that joined">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">Role</th>
            <th scope="col">State</th>
            <th scope="col">Code</th>
            <th scope="col">From</th>
            <th scope="col">Asked</th>
            <th scope="col">Certificate until</th>
            <th scope="col">Secret</th>
            {allowed("admin") && <th scope="col">Decide</th>}
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <EnrolmentRow key={one.agent} one={one} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function EnrolmentRow({ one }: { one: Enrolment }) {
  return (
    <tr class={one.state === "waiting" ? "pressing" : ""}>
      <th scope="row" title={one.agent}>
        {one.name || one.agent}
      </th>
      <td>{one.role}</td>
      <td class="unbroken">
        {stateWords(one.state)}
        {one.state === "approved" && (one.connected ? ", connected" : <span class="soft">, not connected</span>)}
      </td>
      <td>{one.code ? <b class="code mono unbroken">{one.code}</b> : <span class="soft">–</span>}</td>
      <td class="mono">{one.address}</td>
      <td class="num">{one.requested === null ? <span class="soft">–</span> : moment(one.requested)}</td>
      <td class="num">{one.expires === null ? <span class="soft">–</span> : moment(one.expires)}</td>
      <td class="mono">
        {one.secret} {one.old_secret && <span class="bad">old</span>}
      </td>
      {allowed("admin") && (
        <td>
          <Decide one={one} />
        </td>
      )}
    </tr>
  );
}

function Decide({ one }: { one: Enrolment }) {
  const name = one.name || one.agent;
  return (
    <span class="decide">
      {one.state === "waiting" && (
        <Sure label="approve" name={`Approve ${name}`} question={`Does ${name} show ${one.code}?`} yes="yes, approve" act={() => letIn(one.agent, one.code)} />
      )}
      {one.state !== "revoked" && (
        <Sure
          label={one.state === "waiting" ? "refuse" : "revoke"}
          name={`${one.state === "waiting" ? "Refuse" : "Revoke"} ${name}`}
          question={`Shut ${name} out?`}
          yes="yes, shut it out"
          act={() => shutOut(one.agent)}
        />
      )}
      {one.state === "revoked" && <Sure label="approve" name={`Approve ${name} again`} question={`Let ${name} in again?`} yes="yes, approve" act={() => letIn(one.agent, "")} />}
    </span>
  );
}
