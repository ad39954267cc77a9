import { useLayoutEffect } from "preact/hooks";
import { alone, session, spoken, topology, trouble, view } from "../live/store.ts";
import { Alone } from "./Alone.tsx";
import { Audit } from "./Audit.tsx";
import { Changes } from "./Changes.tsx";
import { Enrolments } from "./Enrolments.tsx";
import { Explain } from "./Explain.tsx";
import { Fabrics } from "./Fabrics.tsx";
import { FirstUser } from "./FirstUser.tsx";
import { Header } from "./Header.tsx";
import { Hosts } from "./Hosts.tsx";
import { Interfaces } from "./Interfaces.tsx";
import { Keys, onKey } from "./Keys.tsx";
import { Login } from "./Login.tsx";
import { Matrix } from "./Matrix.tsx";
import { Mtu } from "./Mtu.tsx";
import { Nodes } from "./Nodes.tsx";
import { Picture } from "./Picture.tsx";
import { Reach } from "./Reach.tsx";
import { Refusals } from "./Refusals.tsx";
import { Side } from "./Side.tsx";
import { Summary } from "./Summary.tsx";
import { Users } from "./Users.tsx";
import { ViewSwitch } from "./ViewSwitch.tsx";
import { Wrong } from "./Wrong.tsx";

export function App() {
  useLayoutEffect(() => {
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  if (session.value === "asking") return <p class="waiting">Asking the region…</p>;
  if (session.value === "out") return <Login />;
  return (
    <>
      <a class="skip" href="#picture" onClick={skip}>
        Skip to the picture
      </a>
      <Header />
      <p class="unseen" role="status" aria-live="polite">
        {spoken.value}
      </p>
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      <main>{topology.value ? <Found /> : <p class="waiting">Waiting for the region's first word…</p>}</main>
      <Keys />
    </>
  );
}

function Found() {
  return (
    <>
      <FirstUser />
      <Summary />
      <Wrong />
      <div class="stage">
        <section class="found" id="picture" tabIndex={-1} aria-labelledby="picture-title">
          <header class="section-head">
            <h2 id="picture-title">Who shares a wire</h2>
            <ViewSwitch />
          </header>
          <div id="view" role="tabpanel" aria-labelledby={`tab-${view.value}`}>
            {view.value === "picture" ? <Picture /> : <Matrix />}
          </div>
          {alone.value && <Alone />}
        </section>
        <aside class="side" aria-label="Details">
          <Side />
          <Explain />
          <Changes />
        </aside>
        <div class="rest">
          <Interfaces />
          <div class="pair">
            <Hosts />
            <Fabrics />
          </div>
          <Reach />
          <Mtu />
          <Nodes />
          <Refusals />
          <Enrolments />
          <Users />
          <Audit />
        </div>
      </div>
    </>
  );
}

/** Moves the focus without writing a fragment into the address bar. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("picture")?.focus();
}
