import kafkajs, { type Admin } from 'kafkajs';
import { HoldfastError } from '@holdfast/record';

const WATCHED = [
  'cleanup.policy',
  'retention.ms',
  'retention.bytes',
  'unclean.leader.election.enable',
  'min.insync.replicas',
  'message.timestamp.type',
] as const;
/** A weekend and a working day: what an outage of the archive may last before messages are lost. */
const SHORT_RETENTION_MS = 3 * 24 * 3_600_000;

export type TopicSettings = ReadonlyMap<string, string>;

export async function topicSettings(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, TopicSettings>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: [...WATCHED] })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
}

/** @throws HoldfastError `source_refused`: compaction deletes records in the middle, whatever was sealed. */
export function refuseCompacted(topic: string, settings: TopicSettings): void {
  const policy = settings.get('cleanup.policy');
  if (policy === undefined)
    throw new HoldfastError(
      'source_refused',
      `The broker does not say whether ${topic} is compacted; allow this client to describe its configuration.`,
    );
  if (policy.split(',').includes('compact')) {
    throw new HoldfastError(
      'source_refused',
      `The topic ${topic} is compacted (cleanup.policy=${policy}): older messages of a conversation would vanish before they are sealed.`,
    );
  }
}

/** One sentence for each setting that endangers what the topic carries. */
export function settingWarnings(topic: string, settings: TopicSettings, replicas: number): readonly string[] {
  const warnings: string[] = [];
  const number = (name: string) => Number(settings.get(name) ?? -1);
  const retention = number('retention.ms');
  if (retention >= 0 && retention < SHORT_RETENTION_MS) {
    warnings.push(
      `${topic}: retention.ms=${retention} keeps records for ${describeHours(retention)}; an outage of the archive that lasts longer loses messages.`,
    );
  }
  const bytes = number('retention.bytes');
  if (bytes >= 0) warnings.push(`${topic}: retention.bytes=${bytes} deletes records by size, however young they are.`);
  if (settings.get('unclean.leader.election.enable') === 'true') {
    warnings.push(`${topic}: unclean.leader.election.enable=true lets a replica that lags become leader, which loses acknowledged messages.`);
  }
  if (replicas < 2) warnings.push(`${topic}: it has a single replica; the loss of one disk loses messages that are not sealed yet.`);
  else if (number('min.insync.replicas') < 2) {
    warnings.push(`${topic}: min.insync.replicas=${number('min.insync.replicas')} acknowledges messages that a single disk holds.`);
  }
  if (settings.get('message.timestamp.type') === 'LogAppendTime') {
    warnings.push(
      `${topic}: message.timestamp.type=LogAppendTime replaces the producer's time by the broker's; "sent" then falls back to that when an event has no time of its own.`,
    );
  }
  return warnings;
}

function describeHours(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 1 ? `${Math.round(ms / 60_000)} minutes` : `${Math.round(hours)} hours`;
}
