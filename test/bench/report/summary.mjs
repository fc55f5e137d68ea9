// A result without its rounds: what is recorded, drawn and compared.
import { errorOfMedian, median, ratio, ratios } from "../measure/statistics.mjs";

/** Four digits, which is more than is known. */
const rounded = (value) => Number(value.toPrecision(4));

/**
 * For each contestant the `median`, and where there is a floor its `ratio` to that and the `error` of the ratio; `noise`,
 * by which part the twins differ. Ratios are of figures of the same round.
 */
export function summarize({ figures, floor, own, twins = [], ...result }) {
  const base = figures[floor];
  const contestants = Object.entries(figures).map(([name, list]) => {
    const toFloor = base && { ratio: rounded(ratio(list, base)), error: rounded(errorOfMedian(ratios(list, base))) };
    return [name, { median: rounded(median(list)), ...toFloor }];
  });
  const { part, node, name, title, unit, measure, series } = result;
  const [one, other] = twins.map((twin) => figures[twin]);
  const noise = one === undefined || other === undefined ? 0 : rounded(Math.abs(ratio(other, one) - 1));
  const rounds = Object.values(figures)[0].length;
  const roles = { floor, own, ...(series !== undefined && { series }) };
  return { part, node, name, title, unit, measure, rounds, ...roles, noise, contestants: Object.fromEntries(contestants) };
}

/** What tells results apart. */
export const keyOf = ({ part, node, name }) => `${part} ${name}, Node ${node}`;
