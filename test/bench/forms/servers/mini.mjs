// Ours, from the built packages.
import { App, json, request, RequestHandler, Rule } from "@mini/core";
import { serve } from "@mini/core/serve";
import { answerOrder, answerPicture, bytesOf, Order, Picture } from "../schemas.mjs";

class Orders extends RequestHandler {
  async post() {
    const form = await request.form(Order);
    if (!form.ok) return json(form, { status: 422 });
    return json(answerOrder(form.data));
  }
}

class Pictures extends RequestHandler {
  async post() {
    const form = await request.form(Picture);
    if (!form.ok) return json(form, { status: 422 });
    return json(answerPicture(form.data, await bytesOf(form.data.photo)));
  }
}

const handlers = { "form-urlencoded": Orders, "form-multipart": Pictures };

export async function start(scenario) {
  const app = new App({ rules: [new Rule("/", { handler: handlers[scenario] })] });
  return (await serve(app, { port: 0, silent: true })).port;
}
