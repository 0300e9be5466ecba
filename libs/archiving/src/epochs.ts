import { HoldfastError, messageChain, parseMessageChain } from '@holdfast/record';
import type { TopicPartition } from '@holdfast/ports';
import type { GovernanceState, RegisteredChain } from '@holdfast/governance';
import { toHex } from '@holdfast/seal';
import type { Archive, GovernanceLog } from '@holdfast/vault';

/** Chains of a source partition, oldest epoch first. */
export function chainsOf(state: GovernanceState, source: string, at: TopicPartition): RegisteredChain[] {
  return [...state.chains.values()]
    .map((registered) => ({ registered, place: parseMessageChain(registered.chain) }))
    .filter(({ place }) => place?.source === source && place.topic === at.topic && place.partition === at.partition)
    .sort((a, b) => (a.place?.epoch ?? 0) - (b.place?.epoch ?? 0))
    .map(({ registered }) => registered);
}

/**
 * The open chain of a source partition; registers epoch 0 when there is none.
 * @throws HoldfastError `source_recreated` when the log is another one than the chain was registered for: the way out is
 * `holdfast source new-epoch`
 */
export async function openChain(
  archive: Archive,
  governance: GovernanceLog,
  source: string,
  at: TopicPartition,
  cluster: string,
): Promise<RegisteredChain> {
  for (;;) {
    const known = chainsOf(governance.state, source, at).find((chain) => chain.closed === undefined);
    if (known !== undefined) {
      if (known.cluster !== cluster) {
        throw new HoldfastError(
          'source_recreated',
          `${at.topic}/${at.partition}: the chain ${known.chain} belongs to the log ${known.cluster ?? '?'}, and this is the log ${cluster}. If the source was moved or recreated on purpose: "holdfast source new-epoch".`,
        );
      }
      return known;
    }
    const chain = messageChain({ source, topic: at.topic, partition: at.partition, epoch: 0 });
    await governance.append((state) =>
      chainsOf(state, source, at).length > 0
        ? []
        : [
            {
              type: 'chain.registered',
              id: toHex(archive.random(16)),
              time: archive.clock.now().toISOString(),
              principal: 'service:holdfast',
              chain,
              cluster,
            },
          ],
    );
  }
}
