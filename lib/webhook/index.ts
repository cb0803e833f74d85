export { TrackstatsWebhook } from './webhook.js';
export { TrackstatsWebhookModule } from './webhook.module.js';
export type { TrackstatsWebhookAsyncOptions, TrackstatsWebhookOptions, WebhookMessage } from './webhook.options.js';

export { InvalidPartOptionError } from '../errors/optional-part.error.js';
export { WebhookError } from '../errors/webhook.error.js';
