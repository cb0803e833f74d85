import type { Type } from '@nestjs/common';
import type * as swaggerPackage from '@nestjs/swagger';
import { MissingPackageError } from '../../errors/optional-part.error.js';
import { importPackage } from '../../execution/optional-parts.js';
import { DimensionedPipe } from '../parameters/parameters.pipe.js';
import type { Parameter } from '../parameters/parameter.js';
import { REQUEST_HEADER } from '../platform/same-origin.guard.js';
import { ROUTES, type RouteDescription } from './routes.js';
import { SCHEMAS, type Schema } from './schemas.js';

type Swagger = typeof swaggerPackage;

const SWAGGER = { part: 'The OpenAPI document', name: '@nestjs/swagger', install: '@nestjs/swagger' };

const ERRORS: Readonly<Record<number, string>> = {
  400: 'A parameter is wrong, or a limit is exceeded',
  403: 'Not admitted, or the request comes from a page of another site',
  404: 'There is no such metric, domain or tracker',
  501: 'The packages that CSV needs are not installed',
  409: 'What is asked for does not go with what is running or stored',
};

/**
 * Describes the routes of mounted controllers for OpenAPI, if the application has @nestjs/swagger.
 *
 * @param controllers subclasses of those in `ROUTES`
 */
export async function describeRoutes(controllers: readonly Type[]): Promise<void> {
  const swagger = await loadSwagger();
  if (swagger === null) return;
  for (const controller of controllers) {
    swagger.ApiTags('trackstats')(controller);
    const base = Object.getPrototypeOf(controller) as Type;
    for (const [name, route] of Object.entries(ROUTES.get(base) ?? {})) {
      describeRoute(swagger, base.prototype as object, name, route);
    }
  }
}

/** Leaves a controller out of the OpenAPI document, because its routes serve a page. */
export async function hideRoutes(controller: Type): Promise<void> {
  const swagger = await loadSwagger();
  swagger?.ApiExcludeController()(controller);
}

async function loadSwagger(): Promise<Swagger | null> {
  try {
    return await importPackage(SWAGGER, () => import('@nestjs/swagger'));
  } catch (error) {
    if (error instanceof MissingPackageError) return null;
    throw error;
  }
}

/** All registrations share a handler, and decorators add to its metadata: a second one would list everything twice. */
const described = new WeakSet<object>();

function describeRoute(swagger: Swagger, prototype: object, name: string, route: RouteDescription): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (descriptor === undefined || described.has(descriptor.value as object)) return;
  described.add(descriptor.value as object);
  for (const decorate of decoratorsOf(swagger, route)) decorate(prototype, name, descriptor);
}

function decoratorsOf(swagger: Swagger, route: RouteDescription): MethodDecorator[] {
  const { ApiOperation, ApiQuery, ApiParam, ApiHeader, ApiBody, ApiProduces, ApiResponse } = swagger;
  const { summary, response, status, accepted, query, body, hasName, errors, produces } = route;
  const parameters = Object.values(query.parameters);
  return [
    ApiOperation({ summary }),
    ...(hasName === true
      ? [ApiParam({ name: 'name', description: "the tracker's name", schema: { type: 'string' } })]
      : []),
    ...parameters.map((parameter) => ApiQuery(queryOf(parameter))),
    ...(query instanceof DimensionedPipe
      ? [ApiQuery({ name: 'null_dimension', required: false, isArray: true, type: String })]
      : []),
    ...(body === undefined
      ? []
      : [
          ApiHeader({ name: REQUEST_HEADER, required: true, schema: { type: 'string', example: '1' } }),
          ApiBody({ required: true, schema: bodyOf(Object.values(body.parameters)) as object }),
        ]),
    ...(produces === undefined ? [] : [ApiProduces(...produces)]),
    ApiResponse({ status, description: summary, schema: SCHEMAS[response] as object }),
    ...(accepted === undefined
      ? []
      : [ApiResponse({ status: 202, description: 'Started in the background', schema: SCHEMAS[accepted] as object })]),
    ...[400, ...errors].map((error) =>
      ApiResponse({ status: error, description: ERRORS[error] ?? '', schema: SCHEMAS.ErrorResponse as object }),
    ),
  ];
}

function queryOf({ name, description, isRequired, isRepeatable, schema }: Parameter): object {
  const ofOne = schema as object;
  return {
    name,
    description,
    required: isRequired,
    schema: isRepeatable ? { type: 'array', items: ofOne } : ofOne,
  };
}

function bodyOf(parameters: readonly Parameter[]): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema as Schema])),
    required: parameters.filter(({ isRequired }) => isRequired).map(({ name }) => name),
    additionalProperties: false,
  };
}
