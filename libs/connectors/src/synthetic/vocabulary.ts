// Word lists of the synthetic corpus; longer than a file should be because they are data. None of them holds one of the
// four words that occur in a known share of the records, and no two neighbours form one.

export interface Person {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
}

const NAMES: readonly (readonly [string, string])[] = [
  ['anna.berg', 'Anna Berg'],
  ['li.wei', '李伟 Li Wei'],
  ['tom.okafor', 'Tom Okafor'],
  ['wang.fang', '王芳 Wang Fang'],
  ['maria.silva', 'Maria Silva'],
  ['zhang.min', '张敏 Zhang Min'],
  ['jonas.keller', 'Jonas Keller'],
  ['liu.yang', '刘洋 Liu Yang'],
  ['priya.nair', 'Priya Nair'],
  ['chen.jie', '陈杰 Chen Jie'],
  ['sofia.rossi', 'Sofia Rossi'],
  ['zhao.lei', '赵磊 Zhao Lei'],
  ['david.cohen', 'David Cohen'],
  ['huang.ying', '黄颖 Huang Ying'],
  ['emma.laurent', 'Emma Laurent'],
  ['zhou.tao', '周涛 Zhou Tao'],
  ['omar.haddad', 'Omar Haddad'],
  ['wu.xia', '吴霞 Wu Xia'],
  ['kate.murphy', 'Kate Murphy'],
  ['sun.hao', '孙浩 Sun Hao'],
  ['lars.holm', 'Lars Holm'],
  ['ma.li', '马丽 Ma Li'],
  ['yuki.tanaka', 'Yuki Tanaka'],
  ['guo.qiang', '郭强 Guo Qiang'],
];

export const PEOPLE: readonly Person[] = NAMES.map(([handle, name], i) => ({ id: `U${String(4100 + i * 37)}`, handle, name }));

export const CHANNELS = [
  'general', 'trading-desk', 'settlements', 'risk-review', 'client-onboarding', 'release-planning', 'incident-room', 'shanghai-office',
  '采购', '华东销售', '财务共享', '客户支持', '产品讨论', '法务咨询', 'vendor-management', 'compliance-questions',
] as const; // prettier-ignore

export const ENGLISH = {
  open: [
    'Morning all,', 'Quick question:', 'FYI,', 'Just to confirm,', 'Heads up,', 'Thanks.', 'As discussed,', 'Sorry for the late answer,', 'One more thing:',
    'Good news,', 'Before I forget,', 'To be clear,', 'Hi team,', 'Following up,', 'Small correction:', 'Right,',
  ],
  subject: [
    'the client', 'our counterparty', 'the settlement team', 'legal', 'the vendor', 'the Frankfurt desk', 'the Shanghai office', 'the auditor',
    'finance', 'the new supplier', 'the operations lead', 'the data team', 'our broker', 'the warehouse', 'procurement', 'the regional manager',
  ],
  verb: [
    'asked for', 'has confirmed', 'is still waiting for', 'rejected', 'sent over', 'wants to change', 'is reviewing', 'forgot', 'needs', 'will approve',
    'has questions about', 'signed off on', 'postponed', 'moved', 'is happy with', 'cannot find',
  ],
  object: [
    'the revised schedule', 'the shipment papers', 'the invoice for March', 'the confirmations from yesterday', 'the credit limit', 'the final numbers',
    'the onboarding form', 'the price list', 'the delivery window', 'the bank details', 'the test results', 'the draft presentation', 'the access request',
    'the margin call', 'the forecast for next quarter', 'the change request', 'the reconciliation file', 'the meeting notes',
  ],
  tail: [
    'before noon', 'by end of day', 'after the call', 'this week', 'on Friday', 'again', 'in the shared folder', 'without a reason', 'until Monday',
    'for the second time', 'since last night', 'with two comments', 'ahead of the review', 'at 15:30', 'as agreed', 'in both regions',
  ],
  close: [
    'Can you take a look?', 'Let me know what you think.', 'I will follow up tomorrow.', 'Nothing else from my side.', 'Please keep this thread updated.',
    'Happy to jump on a call.', 'No rush.', 'We should talk about it at the stand-up.', 'Shall I escalate?', 'Thanks a lot 🙏', 'Looks good to me 👍',
    'See https://intranet.example.com/notes/4711 for details.', 'The numbers are in row 42.', 'Does that work for everyone?', 'I have asked twice already.',
  ],
}; // prettier-ignore

export const CHINESE = {
  open: ['大家好，', '早上好，', '请注意，', '补充一下，', '刚刚确认过，', '不好意思，回复晚了，', '根据昨天的讨论，', '麻烦帮忙看一下，', '提醒一下，', '好消息，', '先说结论，', '另外，'],
  subject: ['客户', '供应商', '财务部', '法务', '上海办公室', '审计老师', '销售团队', '运营负责人', '银行那边', '仓库', '技术支持', '区域经理', '采购部', '对方公司'],
  verb: ['已经确认了', '还在等', '想修改', '拒绝了', '发来了', '正在审核', '忘记提交', '需要', '批准了', '推迟了', '对我们提出了', '找不到', '重新整理了', '很满意'],
  object: ['三月份的发票', '新的报价单', '付款计划', '交货时间表', '测试结果', '会议纪要', '开户资料', '信用额度', '对账文件', '最终数据', '下季度的预测', '变更申请', '访问权限', '培训材料'],
  tail: ['，今天下班前完成', '，下周一再看', '，请大家尽快回复', '，已经放到共享文件夹', '，电话里再详细说', '，第二次提醒了', '，周五之前给结果', '，两个地区都一样', '，没有说明原因', '，按原计划进行'],
  close: ['有问题随时联系我。', '辛苦了！', '收到请回复。', '谢谢🙏', '大家看看可以吗？', '我明天再跟进。', '详见 https://intranet.example.com/notes/4712 。', '先这样吧。', '没问题👍', '开会的时候再讨论。'],
}; // prettier-ignore

/** A word that occurs in about one record of a hundred, in sentences that use it as people do. */
export interface MarkedWord {
  readonly word: string;
  readonly sentences: readonly string[];
}

export const MARKED: readonly MarkedWord[] = [
  {
    word: '合同',
    sentences: ['新的合同已经发给法务了，等他们盖章。', '合同第七条的付款期限需要改成三十天。', '这份合同什么时候能签？客户在催。', '请把合同扫描件放到共享文件夹。', 'Legal asked for the stamped 合同 before we ship anything.'],
  },
  {
    word: 'contract',
    sentences: ['Please sign the contract before Friday.', 'Clause 7 of the contract still says sixty days.', 'The contract came back with three changes from legal.', 'Who keeps the signed contract?', '英文版 contract 已经发过去了，等对方回签。'],
  },
  {
    word: '项目',
    sentences: ['项目进度比计划晚了两天，原因是接口还没有联调。', '这个项目的负责人换成王芳了。', '项目周报请在周四之前交给我。', '新项目下周启动，大家把时间留出来。', 'The 项目 review moved to Thursday, same room.'],
  },
  {
    word: 'budget',
    sentences: ['The budget for Q3 is not approved yet.', 'We are 12 percent over budget on travel.', 'Can the budget cover two more licences?', 'Finance froze the budget until the audit is over.', '明年的 budget 还差市场部的数字。'],
  },
]; // prettier-ignore

export const FILES: readonly (readonly [string, string])[] = [
  ['settlement-report.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['会议纪要.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['invoice-0317.pdf', 'application/pdf'],
  ['报价单.pdf', 'application/pdf'],
  ['screenshot.png', 'image/png'],
  ['notes.txt', 'text/plain'],
];

export const REACTIONS: readonly (readonly [string, string])[] = [
  ['+1', '👍'],
  ['eyes', '👀'],
  ['white_check_mark', '✅'],
  ['tada', '🎉'],
  ['pray', '🙏'],
  ['joy', '😂'],
];
