import { RequestHandler, Response } from "@mini/core";
import { styles } from "../styles.ts";

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="4" fill="#115e59"/>
<path d="M5.5 7V5.5a2.5 2.5 0 0 1 5 0V7" fill="none" stroke="#fff" stroke-width="1.5"/>
<rect x="4" y="7" width="8" height="5.5" rx="1.25" fill="#fff"/>
</svg>
`;

export class StyleHandler extends RequestHandler {
  get() {
    return new Response(styles, { headers: { "content-type": "text/css; charset=utf-8" } });
  }
}

export class IconHandler extends RequestHandler {
  get() {
    return new Response(icon, { headers: { "content-type": "image/svg+xml" } });
  }
}
