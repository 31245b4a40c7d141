import { BrokerEpoch, BrokerId, ProducerId } from '@kafkaesque/kernel';
import type { ControllerDoor } from '../controller/controller-host';
import { ProducerIds } from './producer-ids';

const controller = (blockSize: number): { readonly door: ControllerDoor; readonly blocks: () => number } => {
  let blocks = 0;
  const door = {
    submit: () => {
      const producerIdStart = ProducerId(blocks++ * blockSize);
      return Promise.resolve({
        kind: 'done',
        offset: blocks,
        response: { producerIdStart, producerIdLen: blockSize },
      });
    },
  } as unknown as ControllerDoor;
  return { door, blocks: () => blocks };
};
const open = (door: ControllerDoor): ProducerIds =>
  new ProducerIds({ brokerId: BrokerId(1), brokerEpoch: () => BrokerEpoch(5), controller: door });

describe('producer ids', () => {
  test('are never given twice, also to those who ask at once', async () => {
    const { door } = controller(10);
    const ids = open(door);
    const given = await Promise.all(Array.from({ length: 95 }, () => ids.next()));
    expect(new Set(given).size).toBe(95);
    expect(given).not.toContain(undefined);
  });

  test('the next block is fetched when nine tenths of one are gone', async () => {
    const { door, blocks } = controller(10);
    const ids = open(door);
    for (let i = 0; i < 9; i++) await ids.next();
    expect(blocks()).toBe(1);
    await ids.next();
    expect(blocks()).toBe(2);
  });

  test('there is none when the controller gives no block', async () => {
    const door = { submit: () => Promise.resolve({ kind: 'not-controller' }) } as unknown as ControllerDoor;
    await expect(open(door).next()).resolves.toBeUndefined();
  });
});
