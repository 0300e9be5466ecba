import type { Ref } from '@holdfast/record';

const person = (id: string, handle: string, display_name: string, more: Partial<Ref> = {}): Ref => ({
  source_user_id: id,
  handle,
  display_name,
  email: `${handle}@harbourlane.example`,
  kind: 'human',
  ...more,
});

/** The people of the sample, by the name they have in its scripts. */
export const SAMPLE_PEOPLE: Readonly<Record<string, Ref>> = {
  anna: person('U01ANNA', 'anna.berg', 'Anna Berg'),
  wei: person('U02LIWEI', 'li.wei', '李伟 Li Wei'),
  tom: person('U03TOM', 'tom.okafor', 'Tom Okafor'),
  fang: person('U04FANG', 'wang.fang', '王芳 Wang Fang'),
  priya: person('U05PRIYA', 'priya.nair', 'Priya Nair'),
  min: person('U06MIN', 'zhang.min', '张敏 Zhang Min'),
  jonas: person('U07JONAS', 'jonas.keller', 'Jonas Keller'),
  lei: person('U08LEI', 'zhao.lei', '赵磊 Zhao Lei'),
  sofia: person('U09SOFIA', 'sofia.rossi', 'Sofia Rossi'),
  grace: person('X01GRACE', 'grace.lin', '林嘉 Grace Lin', { email: 'grace.lin@orion.example', external: true }),
  ops: person('B01OPS', 'opsbot', 'Ops Bot', { kind: 'bot' }),
};
