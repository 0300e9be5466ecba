import { chainsOf } from '@holdfast/archiving';
import { osPrincipal } from '@holdfast/assembly';
import { HoldfastError, messageChain, parseMessageChain } from '@holdfast/record';
import { toHex } from '@holdfast/seal';
import { readHead } from '@holdfast/vault';
import { EXIT, print } from '../output.js';
import { withArchive } from '../session.js';
import type { GlobalOptions } from '../session.js';

export interface SourceOptions extends GlobalOptions {
  /** `topic/partition`. */
  readonly partition: string;
  readonly reason: string;
}

/** How long a decision waits for a claims store that is away; then the person who made it must look what became of it. */
const WITHIN_MS = 60_000;

function parsePartition(text: string): { readonly topic: string; readonly partition: number } {
  const match = /^(.+)\/(0|[1-9]\d{0,9})$/.exec(text);
  if (match?.[1] === undefined) throw new HoldfastError('bad_configuration', `${JSON.stringify(text)} is not a partition: it reads topic/number.`);
  return { topic: match[1], partition: Number(match[2]) };
}

/** `holdfast source accept-gap`: seals the decision that records which the source no longer has are lost. */
export async function acceptGap(options: SourceOptions): Promise<number> {
  return withArchive(options, {}, async (opened) => {
    const at = parsePartition(options.partition);
    const { archive, governance } = opened;
    await governance.refresh();
    const chain = chainsOf(governance.state, opened.sourceName, at).find((candidate) => candidate.closed === undefined);
    if (chain === undefined) throw new HoldfastError('bad_request', `No open chain belongs to ${options.partition}.`);
    const source = opened.source();
    const { low } = await source.watermarks(at).finally(() => source.close());
    const head = await readHead(archive, chain.chain, governance.keys);
    const next = BigInt(head.last?.manifest.next ?? '0');
    if (low <= next)
      throw new HoldfastError(
        'bad_request',
        `${options.partition} has lost nothing: the source still holds everything from ${low} on, and ${next} is the next to be sealed.`,
      );
    const event = { from: next.toString(), to: low.toString(), reason: options.reason };
    await governance.append(
      () => [
        {
          type: 'source.gap.accepted',
          id: toHex(archive.random(16)),
          time: archive.clock.now().toISOString(),
          principal: osPrincipal(),
          chain: chain.chain,
          ...event,
        },
      ],
      AbortSignal.timeout(WITHIN_MS),
    );
    print(
      options.json === true,
      { chain: chain.chain, ...event },
      () => `Sealed: offsets ${next} to ${low - 1n} of ${options.partition} are lost (${options.reason}). Sealing goes on behind them.`,
    );
    return EXIT.done;
  });
}

/** `holdfast source new-epoch`: seals the decision that the source was recreated or moved; a new chain begins. */
export async function newEpoch(options: SourceOptions): Promise<number> {
  return withArchive(options, {}, async (opened) => {
    const at = parsePartition(options.partition);
    const { archive, governance } = opened;
    const source = opened.source();
    const cluster = await source.clusterId().finally(() => source.close());
    await governance.refresh();
    let successor = '';
    await governance.append((state) => {
      const chains = chainsOf(state, opened.sourceName, at);
      const open = chains.find((candidate) => candidate.closed === undefined);
      const last = chains.at(-1);
      const epoch = parseMessageChain(last?.chain ?? '')?.epoch;
      if (open === undefined || epoch === undefined) throw new HoldfastError('bad_request', `No open chain belongs to ${options.partition}.`);
      successor = messageChain({ source: opened.sourceName, ...at, epoch: epoch + 1 });
      return [
        {
          type: 'source.epoch.opened',
          id: toHex(archive.random(16)),
          time: archive.clock.now().toISOString(),
          principal: osPrincipal(),
          chain: open.chain,
          successor,
          cluster,
          reason: options.reason,
        },
      ];
    }, AbortSignal.timeout(WITHIN_MS));
    print(
      options.json === true,
      { successor, cluster },
      () => `Sealed: ${options.partition} goes on in ${successor} (log ${cluster}); the old chain is closed by its next writer.`,
    );
    return EXIT.done;
  });
}
