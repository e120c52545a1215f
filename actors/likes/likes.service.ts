import { serviceOf } from '../../kit/service.ts';
import type { Likes } from './actor.ts';
import { likesContract } from './contract.ts';

export const likesService = (likes: Likes) =>
  serviceOf(likesContract, likes.handlers, {
    started: () => likes.start(),
    stopped: async () => likes[Symbol.asyncDispose](),
  });
