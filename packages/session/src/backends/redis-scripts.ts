import { script } from "./redis-calls.ts";

/**
 * Milliseconds that Redis keeps a record past its end. What counts is the end by the clock of whoever asks; the clocks of
 * the machines, and of a replica that becomes the primary, may be minutes apart.
 */
const slack = 600_000;
/** Milliseconds; what Redis takes for ever. */
const longest = 1e15;

/**
 * The beginning of every script. ARGV[1] is the caller's present.
 *
 * A replica, and a primary that has been replaced, answer scripts that write nothing, with what they have: the attempt to
 * remove a member that is not there, which changes nothing, is refused by them. Where writing fails for other reasons, such
 * as a full disk, reading goes on.
 *
 * @param remove - HDEL or ZREM, of the type that the key has to have. Under a key of another type there is nothing of ours.
 */
const begin = (remove: "HDEL" | "ZREM") => `
  local key, now = KEYS[1], tonumber(ARGV[1])
  local probe = redis.pcall('${remove}', key, '')
  local foreign = false
  if type(probe) == 'table' and probe.err then
    foreign = string.find(probe.err, 'WRONGTYPE', 1, true)
    if not (foreign or string.find(probe.err, 'MISCONF', 1, true) or string.find(probe.err, 'NOREPLICAS', 1, true)) then return probe end
  end
`;

/** The record, alive, as v, d, i, a: version, data, idleAt, expiresAt; false for everything else. */
const find = `
  ${begin("HDEL")}
  local function find()
    if foreign then return false end
    local found = redis.call('HMGET', key, 'v', 'd', 'i', 'a')
    if not (found[1] and found[2] and found[3] and found[4]) then return false end
    local idleAt, expiresAt = tonumber(found[3]), tonumber(found[4])
    return idleAt and expiresAt and now < idleAt and now < expiresAt and found
  end
`;

// The time is relative: Redis' own clock may be another.
const keep = `
  local function keep(idleAt, expiresAt)
    local left = math.min(${longest}, math.max(0, math.min(idleAt, expiresAt) - now))
    redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(left) + ${slack}))
  end
`;

/** ARGV: now, version, data, idleAt, expiresAt. */
const store = `
  ${keep}
  local function store()
    redis.call('HSET', key, 'v', ARGV[2], 'd', ARGV[3], 'i', ARGV[4], 'a', ARGV[5])
    keep(tonumber(ARGV[4]), tonumber(ARGV[5]))
  end
`;

/** Gives the record, or nothing. */
export const read = script(`${find}
  return find()`);

/** 1, or 0 where a record is. What is there and is none goes. */
export const create = script(`${find}${store}
  if find() then return 0 end
  redis.call('DEL', key)
  store()
  return 1`);

/** ARGV as for `create`, and the version that has to be there. 1, or the record that is there, or nothing. */
export const swap = script(`${find}${store}
  local found = find()
  if not found or found[1] ~= ARGV[6] then return found end
  store()
  return 1`);

/** ARGV: now, idleAt. 1, or 0 where no record is. */
export const touch = script(`${find}${keep}
  local found = find()
  if not found then return 0 end
  if tonumber(ARGV[2]) > tonumber(found[3]) then
    redis.call('HSET', key, 'i', ARGV[2])
    keep(tonumber(ARGV[2]), tonumber(found[4]))
  end
  return 1`);

/** Gives the record, or nothing; nothing is there then. */
export const take = script(`${find}
  local found = find()
  redis.call('DEL', key)
  return found`);

/** 1 when something is there, alive by anybody's clock; else 0. */
export const exists = script(`${begin("HDEL")}
  return redis.call('EXISTS', key)`);

// An owner's sorted set. Its members are 'k' and a session's key, with the time to see whether the session still is, and
// 'e', with the epoch, negative so that it is apart from every time. ARGV[2]: milliseconds that the set stays at least.
const owner = `
  ${begin("ZREM")}
  local function clear()
    if foreign then redis.call('DEL', key) end
  end
  local function stay()
    local least = tonumber(ARGV[2])
    if redis.call('PTTL', key) < least then redis.call('PEXPIRE', key, string.format('%.0f', least)) end
  end
`;

/** The epoch is not forgotten for as long as `stay` says, from now on: whoever reads it twice within that finds every move. */
export const epoch = script(`${owner}
  if foreign then return 0 end
  stay()
  return -(tonumber(redis.call('ZSCORE', key, 'e') or 0))`);

export const bump = script(`${owner}
  clear()
  local score = redis.call('ZINCRBY', key, -1, 'e')
  stay()
  return -(tonumber(score))`);

/** ARGV: now, stay, key, when to look for it, how many others to look for. Gives those that are due. */
export const add = script(`${owner}
  clear()
  redis.call('ZADD', key, ARGV[4], 'k' .. ARGV[3])
  stay()
  return redis.call('ZRANGEBYSCORE', key, 0, ARGV[1], 'LIMIT', 0, ARGV[5])`);

/** ARGV: now, stay, when to look again, and pairs: a member that was due, and 1 when its session is there. */
export const looked = script(`${owner}
  if foreign then return 0 end
  for index = 4, #ARGV, 2 do
    local score = redis.call('ZSCORE', key, ARGV[index])
    if score and tonumber(score) <= now then
      if ARGV[index + 1] == '1' then redis.call('ZADD', key, ARGV[3], ARGV[index]) else redis.call('ZREM', key, ARGV[index]) end
    end
  end
  return 0`);

/** ARGV: now, stay, key. */
export const remove = script(`${owner}
  if not foreign then redis.call('ZREM', key, 'k' .. ARGV[3]) end
  return 0`);

/** Gives the members that stand for sessions. */
export const keys = script(`${owner}
  if foreign then return {} end
  return redis.call('ZRANGEBYSCORE', key, 0, '+inf')`);
