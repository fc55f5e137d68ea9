import { change, script } from "./calls.ts";

/**
 * Milliseconds that Redis keeps a record past its end. What counts is the end by the clock of whoever asks; the clocks of
 * the machines, and of a replica that becomes the primary, may be minutes apart.
 */
const slack = 600_000;
/** Milliseconds; what Redis takes for ever. */
const longest = 1e15;

/**
 * The beginning of every script, which has one key. ARGV[1] is the caller's present.
 *
 * What is of another type than the key has to have is none of ours. An answer without a change goes through `answer`: a
 * replica, or a primary that was replaced, would give what it has. The attempt to remove a member that is not there
 * changes nothing, and is refused by them. Where writing fails for other reasons, such as a full disk, reading goes on.
 * Not before a change: what is written after another change is written though the memory is full.
 */
const begin = (type: "hash" | "zset") => `
  local key, now = KEYS[1], tonumber(ARGV[1])
  local kind = redis.call('TYPE', key).ok
  local foreign = kind ~= 'none' and kind ~= '${type}'
  local function answer(value)
    local probe = redis.pcall('${type === "hash" ? "HDEL" : "ZREM"}', key, '')
    if type(probe) ~= 'table' or not probe.err then return value end
    for _, code in ipairs({ 'WRONGTYPE', 'MISCONF', 'NOREPLICAS' }) do
      if string.find(probe.err, code, 1, true) then return value end
    end
    return probe
  end
`;

/** The record, alive, as v, d, i, a: version, data, idleAt, expiresAt; false for everything else. */
const find = `
  ${begin("hash")}
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
  return answer(find())`);

/**
 * 1, or 0 where a record is. What is there and is none goes. A client may send a call again when it has lost the answer, as
 * that of a Sentinel does: where the version is there already that this call was to write, it has written it.
 */
export const create = change(`${find}${store}
  local found = find()
  if found then return answer(found[1] == ARGV[2] and 1 or 0) end
  if kind ~= 'none' then redis.call('DEL', key) end
  store()
  return 1`);

/** ARGV as for `create`, and the version that has to be there. 1, also when it is sent again, or the record that is there, or nothing. */
export const swap = change(`${find}${store}
  local found = find()
  if found and found[1] == ARGV[2] then return answer(1) end
  if not found or found[1] ~= ARGV[6] then return answer(found) end
  store()
  return 1`);

/** ARGV: now, idleAt. 1, or 0 where no record is. */
export const touch = change(`${find}${keep}
  local found = find()
  if not found then return answer(0) end
  if not (tonumber(ARGV[2]) > tonumber(found[3])) then return answer(1) end
  redis.call('HSET', key, 'i', ARGV[2])
  keep(tonumber(ARGV[2]), tonumber(found[4]))
  return 1`);

/** Gives the record, or nothing; nothing is there then. */
export const take = change(`${find}
  local found = find()
  redis.call('DEL', key)
  return found`);

/** 1 when something is there, alive by anybody's clock; else 0. */
export const exists = script(`${begin("hash")}
  return answer(redis.call('EXISTS', key))`);

// An owner's sorted set. Its members are 'k' and a session's key, with the time to see whether the session still is, and
// 'e', with the epoch, negative so that it is apart from every time. ARGV[2]: milliseconds that the set stays at least.
const owner = `
  ${begin("zset")}
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
  if foreign then return answer(0) end
  stay()
  return answer(-tonumber(redis.call('ZSCORE', key, 'e') or 0))`);

export const bump = change(`${owner}
  clear()
  local score = redis.call('ZINCRBY', key, -1, 'e')
  stay()
  return -tonumber(score)`);

/** ARGV: now, stay, key, when to look for it, how many others to look for. Gives those that are due. */
export const add = change(`${owner}
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
export const remove = change(`${owner}
  if foreign then return answer(0) end
  return redis.call('ZREM', key, 'k' .. ARGV[3])`);

/** Gives the members that stand for sessions. */
export const keys = script(`${owner}
  if foreign then return answer({}) end
  return answer(redis.call('ZRANGEBYSCORE', key, 0, '+inf'))`);
