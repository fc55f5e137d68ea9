import { html, redirect, RequestHandler, urlFor } from "@mini/core";

// No return type is written out: they are inferred through urlFor(), whose types come from the rules that list these classes.
export class Home extends RequestHandler {
  async get() {
    return html`<a href="${urlFor("article", { year: 2024, slug: "a" })}">An article</a>`;
  }
}

export class Article extends RequestHandler {
  get({ year, slug, page }: { year: string; slug: string; page?: string }) {
    if (page === "1") return redirect(urlFor("article", { year, slug }));
    return html`${year} ${slug}`;
  }
}

export class Files extends RequestHandler {
  get({ path }: { path: readonly string[] }) {
    return html`${urlFor("files", { path })}`;
  }
}

export class Shop extends RequestHandler {
  get({ category, item }: { category: string; item?: string }) {
    return html`${category} ${item}`;
  }
}

export class Lazy extends RequestHandler {
  get({ id }: { id: string }) {
    return html`${urlFor("lazy", { id })}`;
  }
}
