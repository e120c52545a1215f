/** What our user may do in Redis, as an ACL rule: our keys, the cache's commands, and what the client asks. */
export const REDIS_RIGHTS = [
  'resetkeys resetchannels ~antiphon:* nocommands',
  '+get +set +del +exists +eval +evalsha +time',
  '+lindex +lpop +llen +rpush +pexpire +pttl',
  '+zadd +zrem +zremrangebyscore +zremrangebyrank +zrangebyscore',
  '+auth +ping +info +cluster|slots +cluster|info',
].join(' ');
