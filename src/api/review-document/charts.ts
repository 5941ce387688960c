import { html } from 'hono/html';
import { formatNumber } from '../../domain/kpi/format.ts';
import type { Growth } from '../../domain/kpi/growth.ts';
import { checkpointAgeHours } from '../../domain/kpi/readings.ts';
import type { FunnelStep } from '../../domain/kpi/review-summary.ts';
import type { Verdict, VerdictRow } from '../../domain/kpi/verdict-schema.ts';
import { intervalText, targetText, valueText, verdictText } from './words.ts';

/** SVG whose values are escaped. */
export type Svg = ReturnType<typeof html>;

export type Chart =
  | { kind: 'bullet'; row: VerdictRow }
  | { kind: 'growth'; growth: Growth }
  | { kind: 'funnel'; steps: readonly FunnelStep[] };

const WIDTH = 640;
const LEFT = 8;
const RIGHT = WIDTH - 8;

/** Never the only sign of a verdict: its word is beside it. */
const COLOURS: Record<Verdict, string> = {
  met: '#1a7f37',
  missed: '#b3261e',
  inconclusive: '#9a6700',
  insufficient_data: '#6e7781',
  provisional: '#6e7781',
  not_available: '#6e7781',
  no_target: '#6e7781',
};

/** @param id tells the charts of one page apart. */
export function chartSvg(chart: Chart, id: string): Svg {
  switch (chart.kind) {
    case 'bullet':
      return bullet(chart.row, id);
    case 'growth':
      return growthCurve(chart.growth, id);
    case 'funnel':
      return funnel(chart.steps, id);
  }
}

function frame(
  { id, height, title, desc }: { id: string; height: number; title: string; desc: string },
  marks: Svg,
): Svg {
  return html`<svg role="img" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" xmlns="http://www.w3.org/2000/svg"><title id="${id}-title">${title}</title><desc id="${id}-desc">${desc}</desc>${marks}</svg>`;
}

/** From 0 to a little beyond the largest of the values. */
function scale(values: readonly number[]): (value: number) => number {
  const most = Math.max(...values.filter(Number.isFinite), 0) * 1.08 || 1;
  return (value) =>
    Math.round((LEFT + (Math.min(Math.max(value, 0), most) / most) * (RIGHT - LEFT)) * 10) / 10;
}

/** Value as a bar, target as a line, interval as a whisker, behind them what is usual for own pieces. */
function bullet(row: VerdictRow, id: string): Svg {
  const { kpi, checkpoint, value, target, low, high, verdict } = row;
  const { comparison } = row;
  const x = scale([value ?? 0, target ?? 0, high ?? 0, comparison?.high ?? 0]);
  const usual =
    comparison === undefined
      ? ''
      : html`<rect x="${x(comparison.low)}" y="24" width="${Math.max(x(comparison.high) - x(comparison.low), 1)}" height="28" fill="#afb8c1"/>`;
  const end = x(value ?? 0);
  const title = `${kpi}${checkpoint === null ? '' : ` at ${checkpoint}`}: ${verdictText(verdict)}`;
  const interval = intervalText(row);
  const desc = `Value ${valueText(row)}, target ${targetText(row)}${interval === '' ? '' : `, 95 % interval ${interval}`}.`;
  const whisker =
    low === undefined || high === undefined
      ? ''
      : html`<path d="M${x(low)} 38H${x(high)}M${x(low)} 33V43M${x(high)} 33V43" stroke="#1f2328" stroke-width="2" fill="none"/>`;
  return frame(
    { id, height: 62, title, desc },
    html`<text x="${LEFT}" y="14" font-size="13">${title}</text><rect x="${LEFT}" y="24" width="${RIGHT - LEFT}" height="28" fill="#eaeef2"/>${usual}<rect x="${LEFT}" y="30" width="${Math.max(end - LEFT, 0)}" height="16" fill="${COLOURS[verdict]}"/>${whisker}${target === null ? '' : html`<path d="M${x(target)} 22V54" stroke="#1f2328" stroke-width="4"/>`}`,
  );
}

interface BandAt {
  checkpoint: string;
  median: number;
  low: number;
  high: number;
}

/** Own pieces at ages that follow one another: where they are too few, the band has a gap. */
function bandsOf({ points }: Growth): BandAt[][] {
  const bands: BandAt[][] = [[]];
  for (const { checkpoint, ownPieces } of points) {
    const { median = null, low = null, high = null } = ownPieces ?? {};
    if (median === null || low === null || high === null) bands.push([]);
    else bands.at(-1)?.push({ checkpoint, median, low, high });
  }
  return bands.filter((band) => band.length > 0);
}

/** Ages far apart stay readable: the axis is logarithmic. */
function growthCurve(growth: Growth, id: string): Svg {
  const { measure, points } = growth;
  const bands = bandsOf(growth);
  const [top, bottom] = [16, 190];
  const age = (checkpoint: string) => Math.log1p(checkpointAgeHours(checkpoint) ?? 0);
  const ages = points.map(({ checkpoint }) => age(checkpoint));
  const [first, last] = [Math.min(...ages), Math.max(...ages)];
  const most = Math.max(
    ...points.map(({ value }) => value),
    ...bands.flat().map(({ high }) => high),
    1,
  );
  const x = (checkpoint: string) =>
    Math.round(60 + ((age(checkpoint) - first) / (last - first || 1)) * (RIGHT - 100));
  const y = (value: number) => Math.round(bottom - (value / most) * (bottom - top));
  const through = (dots: readonly { checkpoint: string; value: number }[]) =>
    dots.map(({ checkpoint, value }) => `${x(checkpoint)},${y(value)}`).join(' ');
  const area = (band: readonly BandAt[]) =>
    through([
      ...band.map(({ checkpoint, high }) => ({ checkpoint, value: high })),
      ...band.toReversed().map(({ checkpoint, low }) => ({ checkpoint, value: low })),
    ]);
  const medians = (band: readonly BandAt[]) =>
    through(band.map(({ checkpoint, median }) => ({ checkpoint, value: median })));
  const desc = points
    .map(({ checkpoint, value }) => `${checkpoint} ${formatNumber(value)}`)
    .join(', ');
  const own = bands
    .flat()
    .map(
      ({ checkpoint, low, high }) => `${checkpoint} ${formatNumber(low)} to ${formatNumber(high)}`,
    )
    .join(', ');
  return frame(
    {
      id,
      height: 220,
      title: `Growth of ${measure}`,
      desc: own === '' ? `${desc}.` : `${desc}. Own pieces: ${own}.`,
    },
    html`${bands.map(
      (band) =>
        html`<polygon points="${area(band)}" fill="#d0d7de" stroke="#d0d7de" stroke-width="2"/><polyline points="${medians(band)}" fill="none" stroke="#6e7781" stroke-dasharray="4 3"/>`,
    )}<path d="M60 ${top}V${bottom}H${RIGHT}" stroke="#6e7781" fill="none"/><text x="4" y="${top + 4}" font-size="12">${formatNumber(most)}</text><text x="4" y="${bottom}" font-size="12">0</text><polyline points="${through(points)}" fill="none" stroke="#0550ae" stroke-width="2"/>${points.map(
      ({ checkpoint, value }) =>
        html`<circle cx="${x(checkpoint)}" cy="${y(value)}" r="4" fill="#0550ae"/><text x="${x(checkpoint) - 10}" y="${bottom + 18}" font-size="12">${checkpoint}</text>`,
    )}`,
  );
}

function funnel(steps: readonly FunnelStep[], id: string): Svg {
  const x = scale(steps.map(({ value }) => value ?? 0));
  const textOf = ({ measure, value }: FunnelStep) =>
    `${measure}: ${value === null ? 'not available' : formatNumber(value)}`;
  return frame(
    {
      id,
      height: steps.length * 40,
      title: 'Funnel',
      desc: `${steps.map(textOf).join(', ')}.`,
    },
    html`${steps.map(
      (step, index) =>
        html`<text x="${LEFT}" y="${index * 40 + 14}" font-size="13">${textOf(step)}</text><rect x="${LEFT}" y="${index * 40 + 19}" width="${Math.max(x(step.value ?? 0) - LEFT, 0)}" height="14" fill="#0550ae"/>`,
    )}`,
  );
}
