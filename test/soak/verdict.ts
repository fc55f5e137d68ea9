/** What the server's process took up, after a garbage collection. */
export interface Sample {
  /** Seconds since the beginning. */
  readonly at: number;
  /** Bytes. */
  readonly rss: number;
  /** Bytes. */
  readonly heapUsed: number;
}

/**
 * Bytes that the heap may grow by in the second half. Code that is compiled late, pools and caches fill up and stay, however
 * long it goes on: in runs of a minute and of eight seconds they came to less than half of this. What is kept for each
 * request grows with the requests: at a thousand in a second, ten minutes show what keeps four bytes of each.
 */
export const mostGrowth = 2 ** 20;

/** Growth of the heap in the second half, in bytes: the slope of the line through the samples that is nearest by least squares. */
export function growthOf(samples: readonly Sample[]): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [at, heap] = [mean(half.map((each) => each.at)), mean(half.map((each) => each.heapUsed))];
  const over = half.reduce((sum, each) => sum + (each.at - at) * (each.heapUsed - heap), 0);
  const under = half.reduce((sum, each) => sum + (each.at - at) ** 2, 0);
  return (over / under) * (half.at(-1)!.at - half[0]!.at);
}

const [width, height, margin] = [800, 400, 60];

/** Both lines over time, as SVG. The resident size is shown and not judged: what was freed, the allocator keeps. */
export function plot(samples: readonly Sample[]): string {
  const end = samples.at(-1)!.at;
  const most = Math.max(...samples.map(({ rss }) => rss)) * 1.1;
  const x = (at: number) => (margin + ((width - 2 * margin) * at) / end).toFixed(1);
  const y = (bytes: number) => (height - margin - ((height - 2 * margin) * bytes) / most).toFixed(1);
  const line = (name: "rss" | "heapUsed", colour: string) =>
    `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${samples.map((each) => `${x(each.at)},${y(each[name])}`).join(" ")}"/>
<text x="${width - margin + 4}" y="${y(samples.at(-1)![name])}" fill="${colour}">${name}</text>`;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const bytes = most * part;
    return `<line x1="${margin}" x2="${width - margin}" y1="${y(bytes)}" y2="${y(bytes)}" stroke="#ddd"/>
<text x="4" y="${y(bytes)}">${(bytes / 2 ** 20).toFixed(0)} MiB</text>
<text x="${x(end * part)}" y="${height - margin / 2}">${(end * part).toFixed(0)} s</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${[...grid, line("rss", "#a3a3b8"), line("heapUsed", "#4338ca")].join("\n")}
</svg>
`;
}
