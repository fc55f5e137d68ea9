// express with its parser of urlencoded forms, and with multer.
import express from "express";
import multer from "multer";
import { answerOrder, answerPicture, checked, Order, Picture } from "../schemas.mjs";

const apps = {
  "form-urlencoded": (app) =>
    app.post("/", express.urlencoded(), (request, response) => void response.json(answerOrder(checked(Order, request.body)))),
  "form-multipart"(app) {
    const read = multer({ storage: multer.memoryStorage(), defParamCharset: "utf8" }).single("photo");
    app.post("/", read, ({ body, file: { originalname: name, mimetype: type, size, buffer: bytes } }, response) => {
      const picture = checked(Picture, { ...body, photo: { name, type, size, bytes } });
      response.json(answerPicture(picture, bytes));
    });
  },
};

export function start(scenario) {
  const app = express();
  apps[scenario](app);
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
