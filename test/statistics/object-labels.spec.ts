import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { type LabelFunction, ObjectLabels } from '../../lib/statistics/filter/object-labels.js';

const OBJECTS = [
  { type: 'user', id: '1' },
  { type: 'team', id: '1' },
  { type: 'user', id: '2' },
  { type: 'user', id: '1' },
];

function labels(label?: LabelFunction): ObjectLabels {
  return new ObjectLabels(label ?? null, new Logger('Labels'));
}

async function named(label?: LabelFunction): Promise<(string | null)[]> {
  return (await labels(label).of(OBJECTS)).map((object) => object.label);
}

describe('labels of objects', () => {
  it('are those of objects without a name where a name is empty', async () => {
    expect(await named(() => ({ a: '', b: ' ', 1: 'Ada' }))).not.toContain('');
    const [object] = await labels(() => ['  ']).of([{ type: 'user', id: '1' }]);
    expect(object).toEqual({ type: 'user', id: '1', label: null });
  });

  it('are asked for once for each type, and may come as a map, a record or a list', async () => {
    const calls: unknown[] = [];
    const names = await named((objects) => {
      calls.push(objects);
      return new Map(objects.map(({ type, id }) => [id, `${type} ${id}`]));
    });
    expect(names).toEqual(['user 1', 'team 1', 'user 2', 'user 1']);
    expect(calls).toEqual([[OBJECTS[0], OBJECTS[2]], [OBJECTS[1]]]);
    expect(await named(() => Promise.resolve({ 1: 'one' }))).toEqual(['one', 'one', null, 'one']);
    expect(await named((objects) => objects.map(({ id }) => (id === '2' ? null : id)))).toEqual(['1', '1', null, '1']);
    expect(await named()).toEqual([null, null, null, null]);
  });

  it('are text of its own only', async () => {
    const odd = () => ({ 1: { toString: () => 'x' }, 2: 5 }) as never;
    expect(await named(odd)).toEqual([null, null, null, null]);
    const [object] = await labels(() => ({})).of([{ type: 'user', id: 'toString' }]);
    expect(object?.label).toBeNull();
  });

  it('that fail leave the ids, and are logged once', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const failing = labels(() => Promise.reject(new Error('no users today')));
    for (let time = 0; time < 3; time++) {
      expect(await failing.of([{ type: 'user', id: '1' }])).toEqual([{ type: 'user', id: '1', label: null }]);
    }
    expect(error).toHaveBeenCalledTimes(1);
    expect(error.mock.calls[0]?.[0]).toMatch(/no users today/);
    expect(await named(() => null as never)).toEqual([null, null, null, null]);
    error.mockRestore();
  });
});
