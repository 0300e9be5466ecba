import { SOFTWARE } from '@holdfast/assembly';
import type { OpenedArchive } from '@holdfast/assembly';
import { indexState } from '@holdfast/discovery';
import type { IndexStatus, RecordIndex } from '@holdfast/ports';
import { HoldfastError } from '@holdfast/record';
import { countClaims, readCommitted } from '@holdfast/vault';
import type { Committed } from '@holdfast/vault';
import type { StatusView } from './wire.js';

const AT_ONCE = 8;

interface Head {
  readonly segments: number;
  readonly last: Committed | undefined;
}

/** Where the archive stands: chains with their heads, what the search index covers, and accepted gaps. */
export class ArchiveStatus {
  readonly #opened: OpenedArchive;
  readonly #index: RecordIndex;
  readonly #timeZone: string;
  /** Heads seen before: chains only grow, so each look begins there. */
  readonly #heads = new Map<string, Head>();

  constructor(opened: OpenedArchive, index: RecordIndex, timeZone: string) {
    this.#opened = opened;
    this.#index = index;
    this.#timeZone = timeZone;
  }

  /** @throws HoldfastError `store_unavailable`, `claim_unreadable` */
  async read(): Promise<StatusView> {
    const { archive, governance, profile } = this.#opened;
    await governance.refresh();
    const { state, head } = governance;
    const index = await this.#indexStatus();
    const registered = [...state.chains.values()];
    const heads = new Map<string, Head>();
    const waiting = registered.values();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const { chain } of waiting) heads.set(chain, await this.#head(chain));
      }),
    );
    const chains = registered.map(({ chain, closed }) => {
      const { segments = 0, last } = heads.get(chain) ?? {};
      const searched = chain.startsWith('msg/') && index !== undefined;
      return {
        chain,
        segments,
        nextOffset: last?.manifest.next ?? '0',
        head: last?.hash ?? null,
        sealedAt: last?.manifest.time ?? null,
        ...(searched && { notYetSearchable: Math.max(0, segments - (index.position.chains[chain] ?? 0)) }),
        ...(closed !== undefined && { closed: { successor: closed.successor, reason: closed.reason } }),
      };
    });
    return {
      archive: archive.idHex,
      name: state.name,
      profile,
      software: SOFTWARE,
      timeZone: this.#timeZone,
      governance: { segments: head.next, head: head.hash },
      chains,
      index:
        index === undefined
          ? { available: false }
          : {
              available: true,
              documents: index.documents,
              unindexed: index.unindexed,
              generation: index.position.generation,
              governance: index.position.governance,
              tokenizer: index.tokenizer,
              attestation: indexState(index.failure),
              notYetSearchable: chains.reduce((sum, chain) => sum + (chain.notYetSearchable ?? 0), 0),
            },
      gaps: [...state.gaps].flatMap(([chain, gaps]) =>
        gaps.map(({ from, to, reason }) => ({ chain, from: from.toString(), to: to.toString(), reason })),
      ),
    };
  }

  /** Segments that are sealed and not searchable yet. @throws HoldfastError `index_unavailable` */
  async notYetSearchable(): Promise<number> {
    const { governance } = this.#opened;
    await governance.refresh();
    const { chains } = (await this.#index.status()).position;
    let segments = 0;
    for (const chain of governance.state.chains.keys()) {
      if (chain.startsWith('msg/')) segments += Math.max(0, (await this.#head(chain)).segments - (chains[chain] ?? 0));
    }
    return segments;
  }

  async #head(chain: string): Promise<Head> {
    const { archive, governance } = this.#opened;
    const known = this.#heads.get(chain);
    const segments = await countClaims(archive, chain, known?.segments ?? 0);
    if (known?.segments === segments) return known;
    const last = segments === 0 ? undefined : await readCommitted(archive, chain, segments - 1, governance.keys);
    const head = { segments, last };
    this.#heads.set(chain, head);
    return head;
  }

  /** Undefined while the search engine does not answer: the vault can be told about all the same. */
  async #indexStatus(): Promise<IndexStatus | undefined> {
    try {
      return await this.#index.status();
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'index_unavailable') return undefined;
      throw error;
    }
  }
}
