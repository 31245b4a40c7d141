import type { Random } from '@kafkaesque/kernel';

/** Machines that cannot reach one another. One way: earlier groups cannot reach later ones. */
export interface Partition {
  readonly groups: readonly (readonly string[])[];
  readonly oneWay: boolean;
}

const shuffled = <Value>(random: Random, values: readonly Value[]): Value[] => {
  const mixed = [...values];
  for (let index = mixed.length - 1; index > 0; index--) {
    const other = random.below(index + 1);
    const moved = mixed[index] as Value;
    mixed[index] = mixed[other] as Value;
    mixed[other] = moved;
  }
  return mixed;
};

/** A partition of some shape: one machine alone, random groups, everybody alone; in both directions or in one. */
export const drawPartition = (random: Random, hosts: readonly string[]): Partition => {
  const mixed = shuffled(random, hosts);
  const oneWay = random.below(3) === 0;
  const [first = '', ...rest] = mixed;
  switch (random.below(6)) {
    case 0:
    case 1:
      return { groups: random.below(2) === 0 ? [[first], rest] : [rest, [first]], oneWay };
    case 2:
      return { groups: mixed.map((host) => [host]), oneWay: false };
    default: {
      const at = 1 + random.below(Math.max(1, mixed.length - 1));
      return { groups: [mixed.slice(0, at), mixed.slice(at)], oneWay };
    }
  }
};

/** A random majority of `hosts`, at least, in the order in which they are given. */
export const drawMajority = (random: Random, hosts: readonly string[]): readonly string[] => {
  const least = Math.floor(hosts.length / 2) + 1;
  const chosen = new Set(shuffled(random, hosts).slice(0, least + random.below(hosts.length - least + 1)));
  return hosts.filter((host) => chosen.has(host));
};
