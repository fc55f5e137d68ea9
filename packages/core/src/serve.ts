export { serve } from "./server/serve.ts";
export type { Server, ServeOptions, Timeouts } from "./server/serve.ts";
