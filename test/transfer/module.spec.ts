import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DomainService, MetricService, StatisticService, TrackstatsModule } from 'nestjs-trackstats';
import { MissingModuleError, TrackstatsTransferModule, TransferService } from 'nestjs-trackstats/transfer';
import * as transfer from 'nestjs-trackstats/transfer';
import { closeApplications, QUIET, start } from '../module/application.js';
import { exported } from './setup.js';

@Injectable()
class Reports {
  constructor(readonly transfer: TransferService) {}
}

@Module({ imports: [TrackstatsTransferModule], providers: [Reports], exports: [Reports] })
class ReportModule {}

afterEach(closeApplications);

describe('TrackstatsTransferModule', () => {
  it('gives TransferService to the module that imports it', async () => {
    const module = await start({ imports: [ReportModule] });
    await module.get(StatisticService).record({ metric: await ordersOf(module), value: 3, date: '2026-10-01' });
    expect(await exported(module.get(Reports).transfer, {}, 'csv')).toContain(
      'shop/orders,shop,orders,DAY,2026-10-01,3\n',
    );
  });

  it('gets what TrackstatsModule shares where that is not global', async () => {
    const module = await start({ imports: [ReportModule], trackstats: TrackstatsModule.forRoot({ isGlobal: false }) });
    expect(module.get(Reports).transfer).toBeInstanceOf(TransferService);
  });

  it('says what is missing without TrackstatsModule', async () => {
    const compiled = Test.createTestingModule({ imports: [TrackstatsTransferModule] })
      .setLogger(QUIET)
      .compile();
    await expect(compiled).rejects.toThrow(MissingModuleError);
    await expect(compiled).rejects.toThrow('TrackstatsModule.forRoot()');
  });

  it('has these public names', () => {
    expect(Object.keys(transfer).sort()).toEqual([
      'ImportRefusedError',
      'MissingDjangoTableError',
      'MissingModuleError',
      'MissingPackageError',
      'NotUtf8Error',
      'TRANSFER_FORMATS',
      'TrackstatsTransferModule',
      'TransferService',
      'UnknownFormatError',
      'UnmappedContentTypesError',
    ]);
  });
});

async function ordersOf(module: Awaited<ReturnType<typeof start>>) {
  await module.get(DomainService).register({ ref: 'shop' });
  return module.get(MetricService).register({ domain: 'shop', ref: 'orders' });
}
