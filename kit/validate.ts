import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { BadRequestError } from './errors.ts';

const compiled = new WeakMap<TSchema, Validator>();

export function validatorOf(schema: TSchema): Validator {
  let validator = compiled.get(schema);
  if (!validator) {
    validator = Compile(schema) as unknown as Validator;
    compiled.set(schema, validator);
  }
  return validator;
}

const REPORTED_PROBLEMS_MAX = 5;

/** What is wrong with `value`, a line a problem, as `field: problem`. */
export function problemsOf(schema: TSchema, value: unknown): string[] {
  return (
    validatorOf(schema)
      .Errors(value)
      // Each property that is too much is named by an error of its own.
      .filter(({ keyword }) => keyword !== 'additionalProperties')
      .slice(0, REPORTED_PROBLEMS_MAX)
      .map((e) => {
        const field = e.instancePath.slice(1).replaceAll('/', '.') || 'value';
        const detail =
          e.keyword === 'boolean'
            ? 'is not known here'
            : e.keyword === 'enum'
              ? `must be one of ${(e.params as { allowedValues?: unknown[] }).allowedValues?.join(', ')}`
              : e.message;
        return `${field}: ${detail}`;
      })
  );
}

/** @throws BadRequestError `INVALID_PARAMS`, naming each field that is wrong. */
export function assertValid(schema: TSchema, value: unknown, what: string): void {
  if (validatorOf(schema).Check(value)) return;
  const problems = problemsOf(schema, value);
  throw new BadRequestError('INVALID_PARAMS', `${what}: ${problems.join('; ')}`, { problems });
}
