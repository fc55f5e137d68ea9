// express with express.static.
import express from "express";
import { folder } from "../contents.mjs";

export function start() {
  const app = express();
  app.use("/static", express.static(folder));
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
