import type { GroupFacts } from './group';
import type { GroupAnswers } from './requests';
import type { RequestOf } from './rules';

/** The groups whose state (KIP-518) and type (KIP-848) are among those asked for, in any case; what is unknown matches none. */
export const listGroups = (
  groups: Iterable<GroupFacts>,
  { states, types }: RequestOf<'list-groups'>,
): GroupAnswers['list-groups']['groups'] => {
  const wantedStates = new Set(states.map((state) => state.toLowerCase().trim()));
  const wantedTypes = new Set(types.map((type) => type.toLowerCase()));
  const listed: GroupAnswers['list-groups']['groups'][number][] = [];
  for (const { groupId, protocolType, state, kind } of groups) {
    if (wantedStates.size > 0 && !wantedStates.has(state.toLowerCase())) continue;
    if (wantedTypes.size > 0 && !wantedTypes.has(kind)) continue;
    listed.push({ groupId, protocolType, groupState: state, groupType: kind });
  }
  return listed;
};
