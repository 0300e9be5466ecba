// The sample that a first start loads: eight conversations of an invented trading house, written by hand, in English and
// Chinese. It is data and therefore long. One line is one event:
//   # 2024-03-04            the day            09:02 anna: text     a message
//   09:03 wei> text         a reply in the thread of the last message outside a thread
//   09:04 wei~ text         wei's last message, edited            09:05 wei-        wei's last message, deleted
//   09:06 tom+ thumbsup 👍  a reaction to the last message        09:07 tom= joined | left | call 12
//   09:08 fang^ name.pdf | application/pdf | text                 a file that is only named
//   09:09 fang^ note.txt | text/plain | text | content            a small file that travels with its message

export interface SampleConversation {
  readonly platform: string;
  readonly workspace: string;
  readonly id: string;
  readonly kind: 'dm' | 'group_dm' | 'channel_public' | 'channel_private';
  readonly name?: string;
  readonly topic?: string;
  readonly external?: boolean;
  readonly members: readonly string[];
  readonly script: string;
}

const SLACK = { platform: 'slack', workspace: 'T0HARBOUR' };
const WECOM = { platform: 'wecom', workspace: 'harbourlane' };

export const SAMPLE_CONVERSATIONS: readonly SampleConversation[] = [
  {
    ...SLACK,
    id: 'C01GENERAL',
    kind: 'channel_public',
    name: 'general',
    topic: 'Everyone, both offices',
    members: ['anna', 'wei', 'tom', 'fang', 'priya', 'jonas', 'lei', 'sofia'],
    script: `
# 2024-03-04
08:01 anna: Good morning London, 下午好 Shanghai. Short week, quarter end is close.
08:03 wei: 下午好！上海今天下雨，仓库那边有点慢。
08:05 priya: Reminder: the record-keeping training is due on Friday. Everyone who talks to clients has to do it.
08:06 jonas> Does the one from January count?
08:09 priya> It does not, the rules on personal phones changed in February.
08:10 jonas> Ok, booking it for tomorrow.
08:10 priya+ white_check_mark ✅
08:20 sofia: The London office will be closed on Good Friday and Easter Monday.
08:21 sofia~ The London office will be closed on Good Friday and Easter Monday. Shanghai has normal hours.
08:22 lei+ thumbsup 👍
08:40 lei: 提醒一下，清明节上海办公室放假三天，四月四日到六日。
08:41 fang: 收到，付款我会安排在三月底之前。
08:42 fang+ pray 🙏
09:15 tom: New template for the supplier contract is in the legal folder. Please stop using the 2022 one.
09:17 anna> Is the payment term already changed there?
09:18 tom> Yes, thirty days, clause 7.
09:19 min= joined
09:20 min: 大家好，我是法务新来的张敏，以后上海这边的合同由我负责。
09:21 wei: 欢迎欢迎 🎉
09:21 tom: Welcome Min!
09:22 anna+ tada 🎉
# 2024-03-05
08:30 ops: Backup of the order system finished: 0 errors, 412 GB.
09:02 sofia: Who left a blue umbrella in the meeting room?
09:03 jonas: Mine, thanks!
12:30 priya: Please use the approved channels only. I saw a screenshot of a client chat on a private phone last week. That has to stop.
12:34 jonas: Understood.
12:35 wei: 明白，我会跟销售团队再强调一次。
12:36 tom+ eyes 👀
# 2024-03-08
15:00 anna: Thanks all for a hard week. The Orion deal is nearly there.
15:01 lei: 辛苦了，周末愉快！
15:02 sofia: Have a good weekend 🌷
`,
  },
  {
    ...SLACK,
    id: 'G02ORION',
    kind: 'channel_private',
    name: 'deal-orion',
    topic: 'Orion Components, supply 2024-2026. Confidential.',
    members: ['anna', 'wei', 'tom', 'fang', 'min'],
    script: `
# 2024-03-04
10:00 anna: This channel is for the Orion supply deal. Numbers stay in here.
10:02 wei: 好的。东方元件那边的联系人是林嘉，她希望这周定下来。
10:04 tom: First draft of the contract is attached. Open points in yellow.
10:05 tom^ Orion-supply-contract-v1.docx | application/vnd.openxmlformats-officedocument.wordprocessingml.document | Draft 1, please comment until Wednesday.
10:11 fang: 预算里这一项是一百八十万，包括运费吗？
10:13 anna> Without freight. Freight is about 6 percent on top.
10:14 fang> 那就超出预算了，需要周先生批准。
10:15 anna> I will ask him today. The budget line can move from travel.
10:20 min: 第七条的付款期限，对方想要六十天，我们是三十天。
10:22 tom: We will not go to sixty days. Forty-five is the most.
10:24 anna: Forty-five only if they keep the price until the end of 2025.
10:25 wei: 我下午给林嘉打电话，先探探口风。
14:40 wei= call 18
14:59 wei: 打完了。四十五天可以谈，但是价格只锁到 2025 年九月。
15:01 anna: Not enough. Tell her December or we go to the second supplier.
15:02 anna~ Not enough. Please tell her we need December 2025, otherwise we have to look at the second supplier.
15:03 wei: 我措辞委婉一点。
15:04 tom+ joy 😂
# 2024-03-05
07:50 wei: 林嘉回复了：价格锁到 2025 年 12 月，付款四十五天，但是最低采购量提高百分之五。
08:02 anna: That works for me. Fang?
08:10 fang: 最低采购量提高百分之五，现金流没有问题。我更新一下预算表。
08:31 fang^ 预算-orion-2024.xlsx | application/vnd.openxmlformats-officedocument.spreadsheetml.sheet | 更新后的预算，请看第二页。
08:40 tom: Then I change clause 7 and clause 12 of the contract. Version 2 by noon.
11:55 tom^ Orion-supply-contract-v2.docx | application/vnd.openxmlformats-officedocument.wordprocessingml.document | Version 2 with both changes.
12:10 min: 英文版没有问题，中文合同我今天晚上翻译完。
12:11 min+ muscle 💪
12:30 anna: Do not send anything to Orion before Priya has looked at the side letter.
12:31 tom: Which side letter?
12:33 anna: The rebate. 2 percent back at year end if we take the full volume.
12:35 tom: That has to be in the contract itself. A separate letter is exactly what the auditors asked about last year.
12:36 anna-
12:37 anna: Agreed, put it into clause 12 then.
12:38 tom: Good. Clause 12 it is.
# 2024-03-06
08:00 min^ 采购合同-东方元件-v2.docx | application/vnd.openxmlformats-officedocument.wordprocessingml.document | 中文合同第二版，条款编号和英文版一致。
08:20 wei: 谢谢！我看完了，交货地点写的是宁波，应该是上海外高桥。
08:25 min: 对，是我写错了，马上改。
08:40 min: 已经改好，文件夹里是最新的。
09:10 fang: 返利百分之二记在哪个科目？
09:12 anna> Reduction of cost of goods, not other income. Ask the auditors if in doubt.
09:15 fang> 好，我发邮件确认。
09:30 tom: Signature page needs two signatures above 1.5 million. Anna and the managing director.
09:31 anna: He signs on Friday.
# 2024-03-08
10:02 anna: Signed. 🎉
10:03 wei: 太好了！林嘉那边今天也盖章了。
10:04 min: 合同原件周一寄到，扫描件我已经归档。
10:05 min^ orion-signed.pdf | application/pdf | Signed contract, scan of all 24 pages.
10:06 tom: Thank you everyone. From clause 1 to signature in five days.
10:07 fang+ tada 🎉
10:30 anna: Wei, please send her the first order on Monday.
10:31 wei: 没问题，星期一上午。
`,
  },
  {
    ...SLACK,
    id: 'C03DESK',
    kind: 'channel_public',
    name: 'trading-desk',
    members: ['jonas', 'anna', 'priya', 'sofia'],
    script: `
# 2024-03-05
07:01 jonas: Copper opens 0.8 percent up, Shanghai stocks are lower again.
07:03 anna: How much is still open for April?
07:04 jonas: 240 tonnes, I want to hedge half of it today.
07:05 anna: Ok. Not more than half before the inventory figures.
07:31 jonas: Sold 120 April at 8,512.
07:31 ops: Trade 88231 booked: S 120 CU APR 8512.00
07:40 sofia: Confirmation from the broker says 8,521. Typo on their side or ours?
07:42 jonas> Ours is right, I have it on the recorded line. I will call them.
07:55 jonas> Corrected, new confirmation is on its way.
07:56 sofia> Got it, matched.
07:56 sofia+ white_check_mark ✅
13:15 jonas: A broker offered me tickets for the match on Saturday. Value about 180.
13:17 priya: Above the limit of 100, please decline and enter it in the gift register.
13:18 jonas: Declined, register is done.
13:19 priya+ thumbsup 👍
# 2024-03-06
07:02 jonas: Inventory figures at 10:30. I stay flat until then.
10:31 jonas: Down 4,200 tonnes. Market up 1.4 percent in two minutes.
10:33 anna: Glad we waited with the other half.
10:40 jonas: Selling the rest in three clips.
10:44 jonas: Done: 40 at 8,640, 40 at 8,652, 40 at 8,649.
10:45 ops: Trades 88240, 88241, 88242 booked.
10:52 sofia: All three matched.
11:20 jonas: Can somebody check the limit on account 4417? The system says 102 percent.
11:24 priya: That is a breach. Who approved it?
11:26 jonas: Nobody, the margin moved with the price. I will reduce.
11:27 jonas~ Nobody approved it, the margin moved with the price. I am reducing now.
11:41 jonas: Back to 91 percent.
11:45 priya: Thank you. I enter it in the breach log with your explanation.
`,
  },
  {
    ...WECOM,
    id: 'R04OPS',
    kind: 'channel_private',
    name: '华东仓库运营',
    members: ['lei', 'wei', 'fang', 'min'],
    script: `
# 2024-03-04
01:10 lei: 早上好，今天到港两个柜，一个是东方元件的样品。
01:12 wei: 样品先放 A 区，质检的人十点到。
01:15 lei: 好的，A 区第三排。
02:40 lei^ 到货照片.jpg | image/jpeg | 外包装有一个角破损，已经拍照。
02:42 wei: 里面的货有没有问题？
02:50 lei: 打开看了，没有问题，只是纸箱破了。
02:51 wei: 那就正常入库，备注写清楚。
02:52 lei+ ok 👌
06:20 fang: 上个月的仓储费发票还没有收到，麻烦催一下。
06:25 lei: 我马上联系他们的财务。
06:58 lei: 说是今天下午寄出。
# 2024-03-05
01:05 lei: 叉车坏了一台，维修师傅下午来，今天出货会晚一个小时。
01:07 wei: 客户那边我去解释，先发急的订单。
01:30 lei: 急单已经装车，车牌沪A·8K231。
05:12 lei: 叉车修好了。
05:13 fang: 维修费多少？要走哪个项目的预算？
05:15 lei> 一千二，走设备维护。
05:16 fang> 好的，不用走项目，直接报销。
# 2024-03-06
01:20 wei: 新项目「外高桥二期」的货架方案谁有？
01:22 lei^ 货架方案-外高桥二期.pdf | application/pdf | 上周供应商发来的，第三版。
01:25 wei: 谢谢，比第二版多了两排。
01:31 lei: 对，项目经理要求的，预留了明年的量。
01:40 min: 租赁合同里写的承重是每平方米三吨，这个方案超了吗？
01:46 lei: 二楼超了一点，我让供应商改。
01:47 min: 请一定书面确认，合同里违约金不低。
01:48 lei: 明白。
08:05 lei: 供应商回复：二楼改成轻型货架，承重两点八吨。
08:06 min+ thumbsup 👍
08:06 wei: 完美。
`,
  },
  {
    ...WECOM,
    id: 'X05ORIONEXT',
    kind: 'group_dm',
    name: 'Harbour Lane × 东方元件',
    external: true,
    members: ['wei', 'grace', 'anna'],
    script: `
# 2024-03-04
06:00 grace: 李总好，关于供货协议，我们领导希望本周能确定主要条款。
06:03 wei: 林经理好，我们内部正在看，今天下午给您电话。
14:38 grace: 方便接电话吗？
14:39 wei: 方便。
15:20 grace: 谢谢沟通。价格锁定期我明天早上答复您。
15:21 wei: 辛苦了，我们最希望的是到 2025 年 12 月。
# 2024-03-05
07:30 grace: 领导同意锁价到 2025 年 12 月，付款 45 天，最低采购量提高 5%。
07:31 grace: Dear Anna, in short: price fixed until December 2025, payment 45 days, minimum volume plus 5 percent.
07:45 anna: Thank you Grace, that is very clear. We will answer today.
12:45 anna: We agree. The rebate will be written into clause 12 of the contract, not into a separate letter.
12:50 grace: 没有问题，写在合同里更好。
12:51 wei+ handshake 🤝
# 2024-03-06
09:00 wei: 中文和英文合同都发到您邮箱了，请查收。
09:40 grace: 收到，法务在审。
10:15 grace: 交货地点写外高桥，对吗？
10:16 wei: 对，上海外高桥保税区。
# 2024-03-08
03:30 grace: 我们这边已经盖章！
03:31 grace^ 盖章页.pdf | application/pdf | 盖章页扫描件
09:58 anna: Signed on our side as well. We look forward to working with you.
09:59 grace: 合作愉快 🎉
`,
  },
  {
    ...SLACK,
    id: 'D06ANNATOM',
    kind: 'dm',
    members: ['anna', 'tom'],
    script: `
# 2024-03-05
12:36 tom: Between us: please do not write about side letters in a channel. If there is nothing to hide, it belongs in the contract.
12:39 anna: You are right. I have deleted it, it was badly worded.
12:40 tom: Deleting does not help, the archive keeps it. It is fine, the answer is there as well.
12:41 anna: Good point.
12:42 tom: Priya will ask. Just tell her what we agreed.
12:44 anna: I will tell her myself, today.
# 2024-03-06
16:01 anna: Told Priya about the rebate. She wants a note in the file.
16:05 tom^ note-rebate.txt | text/plain | Here is the note. | On 5 March 2024 the parties agreed that the year-end rebate of 2 percent is part of clause 12 of the supply contract. No side letter exists.
16:06 anna: Perfect, thanks.
16:06 anna+ pray 🙏
`,
  },
  {
    ...SLACK,
    id: 'D07WEIFANG',
    kind: 'dm',
    members: ['wei', 'fang'],
    script: `
# 2024-03-05
08:12 wei: 王芳，最低采购量多 5%，资金上真的没有问题吗？
08:14 fang: 没问题，二季度回款比较好，预算里还有余量。
08:15 wei: 那就好，我怕到时候仓库压货。
08:17 fang: 压货就找赵磊，哈哈。
08:17 wei+ joy 😂
08:20 fang: 对了，你二月的差旅报销还差一张发票。
08:21 wei: 哪一张？
08:22 fang: 宁波的酒店，2 月 21 日。
08:40 wei^ 酒店发票.png | image/png | 找到了
08:41 fang: 收到，这周打款。
08:42 wei: 谢谢！
# 2024-03-07
03:10 wei: 合同明天签，首单大概多少钱？
03:12 fang: 预付百分之十，大概十八万，账上够。
03:13 wei: 👍
`,
  },
  {
    ...SLACK,
    id: 'G08CLOSE',
    kind: 'group_dm',
    name: 'Quarter close',
    members: ['fang', 'sofia', 'jonas', 'anna'],
    script: `
# 2024-03-06
14:00 fang: Quarter close starts on the 25th. Please send me your accruals until the 22nd.
14:02 sofia: Can I get the template again?
14:03 fang^ accruals-Q1.xlsx | application/vnd.openxmlformats-officedocument.spreadsheetml.sheet | Same template as last quarter, 模板没有变。
14:10 jonas: Broker fees for March are estimated at 41,000.
14:11 fang: 谢谢，请把明细也发给我。
14:15 anna: Travel will be under budget by about 12,000. You can move it to the Orion freight.
14:16 fang: That needs a line in the budget change form, please.
14:30 anna: Form is done, number 2024-017.
14:31 fang+ white_check_mark ✅
# 2024-03-07
09:00 jonas: One invoice from 2023 just came in, 3,900 for market data. Which year?
09:04 fang: Service period decides: if it is December 2023 we need a correction.
09:05 jonas: It is December.
09:06 fang: 那要做以前年度调整，我来处理。
09:20 sofia: The bank charged a fee twice, 35.00. I asked for a refund.
09:21 sofia~ The bank charged a fee twice, 35.00 each. I asked for a refund of one.
09:22 fang: Thank you!
16:45 anna: I am out on Monday, Tom signs for me.
16:46 fang: 收到。
`,
  },
];
