/** What a program does that tests start and speak to: says that it is ready, and does what it is told by `tell`. */
export function listen<Task>(run: (task: Task) => Promise<unknown>): void {
  process.on("message", (message: Task) => {
    const answer = (result: unknown) => process.send?.({ result });
    run(message).then(answer, (error: unknown) => process.send?.({ error: String(error) }));
  });
  process.send?.("ready");
}
