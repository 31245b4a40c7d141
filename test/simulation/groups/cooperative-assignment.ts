/** What a member says that it has, as of which generation (KIP-429). */
export interface Claim {
  readonly memberId: string;
  readonly generation: number;
  readonly partitions: readonly number[];
}

/**
 * Who gets what, by member: everybody keeps what it has up to its share. What is to change hands is given to nobody until its owner
 * has joined again without it. Where two claim a partition, it is the later generation's.
 */
export const assignCooperatively = (
  claims: readonly Claim[],
  partitionCount: number,
): ReadonlyMap<string, readonly number[]> => {
  const owners = new Map<number, Claim>();
  for (const claim of claims)
    for (const partition of claim.partitions)
      if (partition < partitionCount && claim.generation > (owners.get(partition)?.generation ?? -1))
        owners.set(partition, claim);
  const members = claims
    .map(({ memberId }) => ({
      memberId,
      owned: [...owners]
        .filter(([, owner]) => owner.memberId === memberId)
        .map(([partition]) => partition)
        .sort((a, b) => a - b),
    }))
    .sort((a, b) => b.owned.length - a.owned.length || (a.memberId < b.memberId ? -1 : 1));
  const least = Math.floor(partitionCount / members.length);
  const larger = partitionCount % members.length;
  const free = Array.from({ length: partitionCount }, (_, partition) => partition).filter(
    (partition) => !owners.has(partition),
  );
  return new Map(
    members.map(({ memberId, owned }, index) => {
      const share = least + (index < larger ? 1 : 0);
      const kept = owned.slice(0, share);
      return [memberId, [...kept, ...free.splice(0, share - kept.length)]];
    }),
  );
};
