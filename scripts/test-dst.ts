import { parseArgs } from 'node:util';
import { offsetAt } from '../src/time/zone-offsets.ts';
import { tzdataVersion } from '../src/time/zoned-time.ts';
import { compareZones, type DstQuestion } from '../test/support/dst-property.ts';

/**
 * Line R11 of the scorecard: every IANA zone, ten years, against a second library. `--control` puts a
 * resolver in place that takes the wall time for UTC to find its offset; it has to be found out.
 */
const { values } = parseArgs({
  options: {
    control: { type: 'boolean', default: false },
    from: { type: 'string', default: '2021' },
    years: { type: 'string', default: '10' },
  },
});

const naive: NonNullable<DstQuestion['resolve']> = ({ local, zone }) => {
  const wallMs = Date.parse(`${local}Z`);
  const at = new Date(wallMs - offsetAt(wallMs, zone)).toISOString();
  return { ok: true, at, offset: '', tzdata: '' };
};

const started = performance.now();
const report = compareZones({
  zones: [...Intl.supportedValuesOf('timeZone'), 'UTC'],
  from: Number(values.from),
  years: Number(values.years),
  ...(values.control && { resolve: naive }),
});
for (const example of report.examples) console.log(`  ${example}`);
const seconds = ((performance.now() - started) / 1_000).toFixed(1);
const { zones, transitions, pairs, disagreements } = report;
console.log(
  `R11${values.control ? ' control' : ''}: ${zones} zones, ${values.years} years from ${values.from}, ` +
    `${transitions} transitions, ${pairs} pairs, ${disagreements} disagreements ` +
    `(tz data ${tzdataVersion()}, ${seconds} s)`,
);
const failing = disagreements > 0 || transitions === 0;
if (values.control)
  console.log(failing ? 'FAIL, as a control has to' : 'the control was not noticed');
process.exitCode = failing === values.control ? 0 : 1;
