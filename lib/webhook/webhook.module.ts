import { Module, type DynamicModule, type FactoryProvider, type Provider } from '@nestjs/common';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { callback, injectable, listOf, optional } from '../validation/check.js';
import { type ChecksOf, readOptions } from '../validation/options.js';
import { TrackstatsWebhook } from './webhook.js';
import type { TrackstatsWebhookAsyncOptions, TrackstatsWebhookOptions } from './webhook.options.js';

const ASYNC_OPTIONS = {
  imports: optional(listOf(injectable)),
  inject: optional(listOf(injectable)),
  useFactory: callback('(…) => ({ url })'),
} satisfies ChecksOf<TrackstatsWebhookAsyncOptions>;

/**
 * Provides `TrackstatsWebhook` globally, to send alerts to a chat or to a program.
 *
 * @example
 * ```ts
 * @Module({ imports: [TrackstatsModule.forRoot(), TrackstatsWebhookModule.forRoot({ url: 'https://hooks.example.com/x' })] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class TrackstatsWebhookModule {
  /**
   * Sets the address.
   *
   * @throws InvalidPartOptionError
   * @example TrackstatsWebhookModule.forRoot({ url: 'https://hooks.example.com/x', retries: 3 })
   */
  static forRoot(options: TrackstatsWebhookOptions): DynamicModule {
    const webhook = new TrackstatsWebhook(options);
    return moduleOf({ provide: TrackstatsWebhook, useValue: webhook });
  }

  /**
   * Sets the address like `forRoot`, from a factory.
   *
   * @throws InvalidPartOptionError; those of the options at start
   * @example
   * ```ts
   * TrackstatsWebhookModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ url: config.getOrThrow('WEBHOOK_URL'), secret: config.get('WEBHOOK_SECRET') }),
   * })
   * ```
   */
  static forRootAsync(options: TrackstatsWebhookAsyncOptions): DynamicModule {
    readOptions(options, ASYNC_OPTIONS, (name, given, expected) => {
      return new InvalidPartOptionError('TrackstatsWebhookModule', name ?? 'options', given, expected);
    });
    const { imports = [], inject = [], useFactory } = options;
    const provider: FactoryProvider = {
      provide: TrackstatsWebhook,
      useFactory: async (...args: unknown[]) => new TrackstatsWebhook(await useFactory(...args)),
      inject,
    };
    return { ...moduleOf(provider), imports };
  }
}

function moduleOf(provider: Provider): DynamicModule {
  return { module: TrackstatsWebhookModule, global: true, providers: [provider], exports: [TrackstatsWebhook] };
}
