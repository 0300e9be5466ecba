import { describe, expect, it } from '@jest/globals';
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
