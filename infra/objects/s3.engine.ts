/** Goal: objects in a bucket keep what files keep, and outlive the server's absence. Method: a real S3 server. */
import t from 'tap';
import { systemClock, systemRandom } from '../../kit/sources.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { objectsSuite } from '../../test/contract-suites/objects.ts';
import { type LocalS3, startS3 } from '../local/s3.ts';
import { openS3Objects } from './s3-objects.ts';

const sources = { clock: systemClock, random: systemRandom };
const folder = await tempFolder();
const server = await startS3({ folder: folder.path });
t.teardown(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

let buckets = 0;
const optionsOf = ({ url, region, accessKey, secretKey }: LocalS3) => ({
  ...sources,
  url,
  region,
  accessKey,
  secretKey,
  bucket: `bucket-${++buckets}`,
});

objectsSuite('s3', async () => {
  const engine = await openS3Objects(optionsOf(server));
  return {
    engine,
    async advance() {},
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
});
