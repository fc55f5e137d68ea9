import { readScript, writeScript } from "./calls.ts";

/**
 * Milliseconds that Redis keeps a record after its end. The clock of the calling process decides whether a record has ended, and
 * the clocks of the machines, and of a replica that becomes the primary, may be minutes apart.
 */
const slack = 600_000;
/** The largest time that is passed to Redis; milliseconds. */
const longest = 1e15;

/**
 * The beginning of every script. A script has one key. ARGV[1] is the current time of the caller.
 *
 * A value of another type than `type` does not belong to a session. A script that has changed nothing returns its result
 * through `answer`, because a replica or a replaced primary would return old data. `answer` tries to remove a member that does
 * not exist: this changes nothing, and such a server refuses it. If the attempt fails for another reason, such as a full disk,
 * the result is still returned. A script that changes something must not use `answer` first: Redis would then allow it to
 * write with full memory.
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

/** The live record, as v, d, i, a: version, data, idleAt, expiresAt. False when there is none. */
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

// A duration from now, because the clock of Redis may differ.
const keep = `
  local function keep(idleAt, expiresAt)
    local left = math.min(${longest}, math.max(0, math.min(idleAt, expiresAt) - now))
    redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(left) + ${slack}))
  end
`;

/** ARGV: now, version, data, idleAt, expiresAt. */
const save = `
  ${keep}
  local function save()
    redis.call('HSET', key, 'v', ARGV[2], 'd', ARGV[3], 'i', ARGV[4], 'a', ARGV[5])
    keep(tonumber(ARGV[4]), tonumber(ARGV[5]))
  end
`;

/** Returns the record, or false. */
export const read = readScript(`${find}
  return answer(find())`);

/**
 * Returns 1, or 0 when the key has a record. Another value of the key is removed. A client may send a call again when it has lost
 * the reply, as that of `createSentinel` does: if the record already has the version of this call, the call was successful.
 */
export const create = writeScript(`${find}${save}
  local found = find()
  if found then return answer(found[1] == ARGV[2] and 1 or 0) end
  if kind ~= 'none' then redis.call('DEL', key) end
  save()
  return 1`);

/** ARGV as for `create`, and the version to replace. Returns 1, even if the call is sent again; or the current record, or false. */
export const swap = writeScript(`${find}${save}
  local found = find()
  if found and found[1] == ARGV[2] then return answer(1) end
  if not found or found[1] ~= ARGV[6] then return answer(found) end
  save()
  return 1`);

/** ARGV: now, idleAt. Returns 1, or 0 when there is no record. */
export const touch = writeScript(`${find}${keep}
  local found = find()
  if not found then return answer(0) end
  if not (tonumber(ARGV[2]) > tonumber(found[3])) then return answer(1) end
  redis.call('HSET', key, 'i', ARGV[2])
  keep(tonumber(ARGV[2]), tonumber(found[4]))
  return 1`);

/** Removes the record and returns it, or false. */
export const take = writeScript(`${find}
  local found = find()
  redis.call('DEL', key)
  return found`);

/** Returns 1 if the key has a value, otherwise 0. It does not depend on a clock. */
export const exists = readScript(`${begin("hash")}
  return answer(redis.call('EXISTS', key))`);

// The sorted set of an owner. Its members are 'k' with a session's key, whose score is the time to look whether the session
// still exists, and 'e', whose score is the epoch: negative, so that it is below every time. ARGV[2]: the least number of
// milliseconds for which the set is kept.
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

/** Returns the epoch, and keeps it for as long as `stay` says, so that a second read within that time notices every change. */
export const epoch = readScript(`${owner}
  if foreign then return answer(0) end
  stay()
  return answer(-tonumber(redis.call('ZSCORE', key, 'e') or 0))`);

export const bump = writeScript(`${owner}
  clear()
  local score = redis.call('ZINCRBY', key, -1, 'e')
  stay()
  return -tonumber(score)`);

/**
 * ARGV: now, stay, key, the time to check whether it exists, the most members to return. Returns the members whose time has come.
 */
export const add = writeScript(`${owner}
  clear()
  redis.call('ZADD', key, ARGV[4], 'k' .. ARGV[3])
  stay()
  return redis.call('ZRANGEBYSCORE', key, 0, ARGV[1], 'LIMIT', 0, ARGV[5])`);

/** ARGV: now, stay, the time of the next check, and pairs: a member whose time has come, and 1 if its session exists. */
export const checked = readScript(`${owner}
  if foreign then return 0 end
  for index = 4, #ARGV, 2 do
    local score = redis.call('ZSCORE', key, ARGV[index])
    if score and tonumber(score) <= now then
      if ARGV[index + 1] == '1' then redis.call('ZADD', key, ARGV[3], ARGV[index]) else redis.call('ZREM', key, ARGV[index]) end
    end
  end
  return 0`);

/** ARGV: now, stay, key. */
export const remove = writeScript(`${owner}
  if foreign then return answer(0) end
  return redis.call('ZREM', key, 'k' .. ARGV[3])`);

/** Returns the members for sessions. */
export const keys = readScript(`${owner}
  if foreign then return answer({}) end
  return answer(redis.call('ZRANGEBYSCORE', key, 0, '+inf'))`);
