/**
 * The parameters of a call: from the path, from the query (GET) or the JSON body (all else), and from the
 * access token, which alone says who is calling.
 */
import type { TSchema } from 'typebox';
import { BadRequestError } from '../../kit/errors.ts';
import { problemsOf, validatorOf } from '../../kit/validate.ts';
import type { AccessClaims } from '../accounts/contract.ts';
import type { Route } from './routes.ts';

export type Given = Readonly<Record<string, unknown>>;

const invalid = (problems: readonly string[]) =>
  new BadRequestError('INVALID_PARAMS', `${problems.join('; ')}.`, { problems });

const NAME_SHOWN_MAX = 60;
const named = (name: string, problem: string) => `${name.slice(0, NAME_SHOWN_MAX)}: ${problem}`;

const NUMBER = /^-?\d{1,16}(\.\d{1,16})?$/;

/** A query holds text; what cannot be converted stays text, and validation says what is wrong with it. */
function convert(schema: TSchema, text: string): unknown {
  const { type } = schema as { type?: string };
  if ((type === 'integer' || type === 'number') && NUMBER.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** @throws BadRequestError naming parameters that the action does not know or that are given twice. */
export function fromQuery(route: Route, query: string): Given {
  if (query === '') return {};
  const { properties } = route.action.params;
  const given: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, text] of new URLSearchParams(query)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!schema) problems.push(named(name, 'is not known here'));
    else if (Object.hasOwn(given, name)) problems.push(named(name, 'is given more than once'));
    else given[name] = convert(schema, text);
  }
  if (problems.length > 0) throw invalid(problems.slice(0, 5));
  return given;
}

/**
 * All parameters, checked against the contract.
 *
 * @throws BadRequestError when a parameter is unknown, missing, malformed, or not the client's to give.
 */
export function paramsOf(
  route: Route,
  pathParams: Readonly<Record<string, string>>,
  given: Given,
  claims: AccessClaims | undefined,
): Given {
  const problems = Object.keys(given).flatMap((name) => {
    if (Object.hasOwn(route.inject, name)) return [named(name, 'is not known here')];
    if (Object.hasOwn(pathParams, name)) return [named(name, 'is given by the path')];
    return [];
  });
  if (problems.length > 0) throw invalid(problems);
  const params: Record<string, unknown> = { ...given, ...pathParams };
  if (claims) for (const [name, claim] of Object.entries(route.inject)) params[name] = claims[claim];
  if (!validatorOf(route.action.params).Check(params)) {
    const wrong = problemsOf(route.action.params, params).map((line) =>
      line.slice(0, 2 * NAME_SHOWN_MAX + 80),
    );
    throw invalid(wrong);
  }
  return params;
}
