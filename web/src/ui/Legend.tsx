import { ContactMark, Warning } from "./PlugMark.tsx";

/** What the marks mean; always there, because a picture that must be guessed at is worth little at night. */
export function Legend() {
  return (
    <ul class="legend" aria-label="What the marks mean">
      <Line look="solid" strength="confirmed" words="confirmed" />
      <Line look="dashed" strength="heard" words="heard, one way" />
      <Line look="dotted" strength="lldp" words="LLDP, configured or inferred" />
      <Sample words="tagged">
        <ContactMark x={9} contact={mark("confirmed", 1)} />
      </Sample>
      <Sample words="nothing known">
        <line class="lead loose" x1={9} y1={0} x2={9} y2={8} />
        <circle class="loose-end" cx={9} cy={11.5} r={3} />
      </Sample>
      <Sample words="no carrier">
        <path class="jack down" d="M5.5 4.5l7 7m0 -7l-7 7" />
      </Sample>
      <Sample words="conflict, by number">
        <Warning x={10} y={4} numbers={[1]} />
      </Sample>
    </ul>
  );
}

function mark(strength: string, vid: number | null) {
  return { touch: { rail: "", vid, strength, age: 0, evidence: [] }, y: 8, hue: 0 };
}

function Line({ look, strength, words }: { look: string; strength: string; words: string }) {
  return (
    <li>
      <svg width={40} height={16} aria-hidden="true">
        <line class={`lead ${look}`} x1={0} y1={8} x2={30} y2={8} />
        <ContactMark x={33} contact={mark(strength, null)} />
      </svg>
      {words}
    </li>
  );
}

function Sample({ words, children }: { words: string; children: preact.ComponentChildren }) {
  return (
    <li>
      <svg width={20} height={18} aria-hidden="true">
        {children}
      </svg>
      {words}
    </li>
  );
}
