import { app } from "./app.ts";

/** The table of the application's rules, its columns aligned. */
const rows = app.router
  .describe()
  .map(({ methods, host, path, endpoint, handler, middleware }) => [
    methods?.join(",") ?? "any",
    (host ?? "") + path,
    endpoint ?? "",
    handler,
    middleware.join(" "),
  ]);
const table = [["methods", "path", "endpoint", "handler", "middleware"], ...rows];
const widths = table[0]!.map((_title, column) => Math.max(...table.map((row) => row[column]!.length)));

for (const row of table)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
