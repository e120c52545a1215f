import { topicsSuite } from '../../test/contract-suites/topics.ts';
import { openTopics } from './topics.ts';

topicsSuite('in-process', async () => ({
  engine: openTopics(),
  async advance() {},
  async [Symbol.asyncDispose]() {},
}));
