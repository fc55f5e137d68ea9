// fastify with @fastify/formbody, and with @fastify/multipart.
import formbody from "@fastify/formbody";
import multipart from "@fastify/multipart";
import fastify from "fastify";
import { answerOrder, answerPicture, checked, Order, Picture } from "../schemas.mjs";

/** Fields by name, of a file its bytes. */
async function readParts(request) {
  const fields = {};
  for await (const part of request.parts()) {
    if (part.type === "file") {
      const bytes = await part.toBuffer();
      fields[part.fieldname] = { name: part.filename, type: part.mimetype, size: bytes.length, bytes };
    } else fields[part.fieldname] = part.value;
  }
  return fields;
}

const apps = {
  async "form-urlencoded"(app) {
    await app.register(formbody);
    app.post("/", (request, reply) => reply.send(answerOrder(checked(Order, request.body))));
  },
  async "form-multipart"(app) {
    await app.register(multipart);
    app.post("/", async (request) => {
      const picture = checked(Picture, await readParts(request));
      return answerPicture(picture, picture.photo.bytes);
    });
  },
};

export async function start(scenario) {
  const app = fastify();
  await apps[scenario](app);
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}
