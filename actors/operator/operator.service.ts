import { serviceOf } from '../../kit/service.ts';
import { createOperator, type OperatorDeps } from './actor.ts';
import { operatorContract } from './contract.ts';

/** Belongs on every node that hosts the player sessions: calls of both then find the same node for a user. */
export const operatorService = (deps: OperatorDeps) => serviceOf(operatorContract, createOperator(deps));
