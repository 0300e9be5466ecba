import { describe, expect, it } from '@jest/globals';
import { parseClearEvent } from '@holdfast/governance';
import { embeddedSettings, sourceSettings, storeSettings } from './settings.js';

describe('retention classes', () => {
  const classes = storeSettings.retentionClasses;

  it('are name, months, and by how many more a record may lengthen them', () => {
    expect(classes.parse('standard=84, trade=72+12')).toEqual([
      { name: 'standard', number: 1, months: 84, lengthenMonths: 0 },
      { name: 'trade', number: 2, months: 72, lengthenMonths: 12 },
    ]);
  });

  it.each(['', 'standard', 'standard=', 'standard=0', 'standard=-1', 'Standard=84', 'ledger=84', 'a=1,a=2', 'a=1;b=2', 'a=84y', 'a=1,'])(
    'refuse %j',
    (text) => {
      expect(classes.safeParse(text).success).toBe(false);
    },
  );

  it.each(['7years=84', `${'a'.repeat(32)}=84`, 'a=1201', 'a=84+1201'])('refuse %j, which gov would refuse after the genesis', (text) => {
    expect(classes.safeParse(text).success).toBe(false);
    const [, name = '', months, lengthen] = /^(.*)=(\d+)\+?(\d*)$/.exec(text) ?? [];
    const event = { type: 'class.defined', id: '0'.repeat(32), time: '2026-01-01T00:00:00.000Z', principal: 'os:test', number: 1 };
    expect(() => parseClearEvent({ ...event, name, months: Number(months), lengthenMonths: Number(lengthen) })).toThrow('malformed');
  });
});

describe('the zone', () => {
  it.each(['UTC', 'Asia/Shanghai', 'America/New_York'])('may be %s', (zone) => {
    expect(embeddedSettings.timeZone.parse(zone)).toBe(zone);
  });

  it.each(['Mars/Olympus', '+08:00', 'GMT+8', ''])('may not be %j', (zone) => {
    expect(embeddedSettings.timeZone.safeParse(zone).success).toBe(false);
  });
});

it('a secret is never shown by a log or by JSON', () => {
  const secret = storeSettings.s3SecretKey.parse('hunter2');
  expect(secret?.()).toBe('hunter2');
  expect(`${JSON.stringify({ secret })}${String(secret)}`).not.toContain('hunter2');
});

it('addresses carry no passwords', () => {
  expect(storeSettings.elasticUrl.safeParse('http://elastic:secret@localhost:9200').success).toBe(false);
  expect(storeSettings.elasticUrl.parse('http://a:9200, http://b:9200')).toEqual(['http://a:9200', 'http://b:9200']);
  expect(sourceSettings.kafkaBrokers.safeParse('http://broker:9092').success).toBe(false);
});
