// Where and when something was measured.
import { cpus, loadavg } from "node:os";

/** @param nodes - As `findNode` gives them. */
export function describeMachine(nodes) {
  const { arch, platform } = process;
  const [{ model }] = cpus();
  return {
    date: new Date().toISOString(),
    node: Object.fromEntries(nodes.map(({ name, version }) => [name, version])),
    platform,
    arch,
    cpu: model.trim(),
    cores: cpus().length,
    /** Of the machine before anything was measured; more than its cores make the figures worth little. */
    load: loadavg()[0],
  };
}
