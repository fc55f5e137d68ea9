// Servers with sessions by name; one with "again" is the same once more.

const inCookies = (module, ...args) => ({ module: new URL(`cookies/${module}.mjs`, import.meta.url), args });
const inStores = (module, ...args) => ({ module: new URL(`servers/${module}.mjs`, import.meta.url), args });

export const cookies = {
  bare: inCookies("bare"),
  "bare again": inCookies("bare"),
  mini: inCookies("mini"),
  "mini, no session": inCookies("mini", "without"),
  "@fastify/secure-session": inCookies("secure-session"),
  "iron-session": inCookies("iron-session"),
  "cookie-session": inCookies("cookie-session"),
  "koa-session": inCookies("koa-session"),
  "react-router": inCookies("react-router"),
};

export const subjects = {
  "bare Map": inStores("bare", "memory"),
  "bare Map again": inStores("bare", "memory"),
  "bare Map, als": inStores("bare", "als"),
  "mini memory": inStores("mini", "memory"),
  "express-session": inStores("express"),
  "@fastify/session": inStores("fastify"),
  "bare LMDB": inStores("bare", "lmdb"),
  "bare LMDB again": inStores("bare", "lmdb"),
  "mini LMDB": inStores("mini", "lmdb"),
  "bare SQLite": inStores("bare", "sqlite"),
  "bare SQLite again": inStores("bare", "sqlite"),
  "mini SQLite": inStores("mini", "sqlite"),
  "bare Redis": inStores("bare", "redis"),
  "bare Redis again": inStores("bare", "redis"),
  "mini Redis": inStores("mini", "redis"),
  "express-session, Redis": inStores("express", "redis"),
  "@fastify/session, Redis": inStores("fastify", "redis"),
  "bare Postgres": inStores("bare", "postgres"),
  "bare Postgres again": inStores("bare", "postgres"),
  "mini Postgres": inStores("mini", "postgres"),
};
