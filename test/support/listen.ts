/** For a program that tests start: reports that it is ready, and runs the tasks that `tell` sends. */
export function listen<Task>(run: (task: Task) => Promise<unknown>): void {
  process.on("message", (message: Task) => {
    const answer = (result: unknown) => process.send?.({ result });
    run(message).then(answer, (error: unknown) => process.send?.({ error: String(error) }));
  });
  process.send?.("ready");
}
