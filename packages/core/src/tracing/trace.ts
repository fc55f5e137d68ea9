import type { TracingChannel } from "node:diagnostics_channel";

// Not imported, so that core runs where this module is missing, and nothing of it is loaded there.
const diagnostics = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel");

/**
 * A tracing channel of node:diagnostics_channel: who subscribes to it is told when a piece of work begins and ends, and how it
 * failed. Without subscribers it does nothing.
 */
export class Trace<Message extends object> {
  /** Whether it has subscribers is asked for each request, so of the channel itself. */
  readonly channel: TracingChannel<unknown, Message> | undefined;

  /** @param name - Name of the channel, as subscribers give it to `tracingChannel()`: `"mini:request"`. */
  constructor(name: string) {
    this.channel = diagnostics?.tracingChannel<unknown, Message>(name);
  }

  /** Does the work, and tells what is known of it. The work may add to the message until it has ended. */
  run<Result>(message: Message, work: () => Result | Promise<Result>): Promise<Result> {
    return this.channel!.tracePromise(async () => work(), message);
  }
}
