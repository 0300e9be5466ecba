import type { EventKind } from '@holdfast/record';
import type { BundleLanguage, WithheldReason } from '../bundle-index.js';

/** Everything that the transcript says in its own words, in one language. */
export interface Words {
  readonly colon: string;
  readonly title: string;
  readonly intro: readonly string[];
  readonly archive: string;
  readonly position: string;
  readonly zone: string;
  readonly scope: string;
  readonly scopes: { readonly records: string; readonly query: string; readonly conversation: string };
  readonly from: string;
  readonly to: string;
  readonly counts: (shown: number, withheld: number, outside: number) => string;
  readonly conversation: string;
  readonly participants: string;
  readonly otherRecords: string;
  readonly withheld: string;
  readonly reasons: Readonly<Record<WithheldReason, string>>;
  readonly note: string;
  readonly derived: string;
  readonly received: string;
  readonly unreadable: string;
  readonly empty: string;
  readonly binary: (bytes: number) => string;
  readonly by: string;
  readonly nobody: string;
  readonly record: string;
  readonly fields: Readonly<Record<FieldName, string>>;
  readonly kinds: Readonly<Record<EventKind, string>>;
}

export type FieldName =
  | 'onBehalfOf'
  | 'via'
  | 'to'
  | 'message'
  | 'target'
  | 'version'
  | 'thread'
  | 'quote'
  | 'forward'
  | 'subject'
  | 'source'
  | 'file'
  | 'fileState'
  | 'reaction'
  | 'member'
  | 'call'
  | 'deletion'
  | 'flags'
  | 'editedAt'
  | 'deletedAt'
  | 'incomplete'
  | 'identity';

const EN: Words = {
  colon: ': ',
  title: 'Transcript',
  intro: [
    'Made from the original records in this bundle, without any change of their text. Characters that cannot be seen are shown by their number, like <i>U+200B</i>.',
    'The records themselves lie under records/, their proofs under proofs/. This page is a reading aid: verify.html or "holdfast verify --bundle" makes it anew and compares.',
  ],
  archive: 'Archive',
  position: 'Position in time',
  zone: 'Local times in',
  scope: 'Scope',
  scopes: { records: 'single records', query: 'result of a query', conversation: 'one whole conversation' },
  from: 'from',
  to: 'up to, not including',
  counts: (shown, withheld, outside) => `${shown} records shown, ${withheld} withheld, ${outside} outside the period`,
  conversation: 'Conversation',
  participants: 'Named in what is shown',
  otherRecords: 'Records that belong to no readable conversation',
  withheld: 'A record was withheld here',
  reasons: {
    privileged: 'privileged',
    redacted: 'redacted',
    privacy: 'privacy',
    'not-relevant': 'not relevant',
    'key-destroyed': 'its key was destroyed after its period had ended',
    other: 'other',
  },
  note: 'Note of the exporter',
  derived: 'Redacted copy (derived, not proven):',
  received: 'time of receipt',
  unreadable: 'This record cannot be read as an event. As received:',
  empty: 'This record has no content.',
  binary: (bytes) => `${bytes} bytes that are not text`,
  by: 'by',
  nobody: '(nobody)',
  record: 'Record',
  fields: {
    onBehalfOf: 'on behalf of',
    via: 'through',
    to: 'to',
    message: 'Message',
    target: 'concerns message',
    version: 'version',
    thread: 'in the thread of message',
    quote: 'quotes',
    forward: 'forwarded from',
    subject: 'Subject',
    source: 'Markup of the source',
    file: 'File',
    fileState: 'not in the archive',
    reaction: 'Reaction',
    member: 'Member',
    call: 'Call',
    deletion: 'Deletion',
    flags: 'Marks',
    editedAt: 'edited at the source',
    deletedAt: 'deleted at the source',
    incomplete: 'Not fully known',
    identity: 'Account',
  },
  kinds: {
    'message.created': 'Message',
    'message.edited': 'Message edited',
    'message.deleted': 'Message deleted',
    'message.restored': 'Message restored',
    'message.redacted': 'Message redacted at the source',
    'message.pinned': 'Message pinned',
    'message.unpinned': 'Message unpinned',
    'message.delivered': 'Message delivered',
    'message.read': 'Message read',
    'reaction.added': 'Reaction added',
    'reaction.removed': 'Reaction removed',
    'attachment.added': 'File added',
    'attachment.removed': 'File removed',
    'attachment.unavailable': 'File unavailable',
    'conversation.created': 'Conversation created',
    'conversation.updated': 'Conversation changed',
    'conversation.archived': 'Conversation archived at the source',
    'conversation.deleted': 'Conversation deleted at the source',
    'conversation.retention_changed': 'Retention changed at the source',
    'member.joined': 'Member joined',
    'member.left': 'Member left',
    'member.invited': 'Member invited',
    'member.removed': 'Member removed',
    'member.role_changed': 'Role of a member changed',
    'member.snapshot': 'Members at this time',
    'call.started': 'Call started',
    'call.ended': 'Call ended',
    'meeting.started': 'Meeting started',
    'meeting.ended': 'Meeting ended',
    'recording.available': 'Recording available',
    'transcript.segment': 'Spoken',
    'identity.upserted': 'Account at the source',
    'history.viewed': 'History viewed',
    disclaimer: 'Disclaimer',
    system: 'System',
    unknown: 'Event of an unknown kind',
  },
};

const ZH: Words = {
  colon: '：',
  title: '会话记录',
  intro: [
    '本页由证据包中的原始记录生成，文字未作任何改动。不可见的字符以其编号显示，例如 <i>U+200B</i>。',
    '原始记录位于 records/，其证明位于 proofs/。本页仅供阅读：verify.html 或“holdfast verify --bundle”会重新生成并比对。',
  ],
  archive: '归档标识',
  position: '时间位置',
  zone: '本地时间所用时区',
  scope: '范围',
  scopes: { records: '单条记录', query: '查询结果', conversation: '一个完整会话' },
  from: '自',
  to: '至（不含）',
  counts: (shown, withheld, outside) => `展示 ${shown} 条记录，保留不出示 ${withheld} 条，期间之外 ${outside} 条`,
  conversation: '会话',
  participants: '所展示内容中提及的人员',
  otherRecords: '不属于任何可读会话的记录',
  withheld: '此处有一条记录未予出示',
  reasons: {
    privileged: '受特权保护',
    redacted: '已遮蔽',
    privacy: '个人隐私',
    'not-relevant': '与本案无关',
    'key-destroyed': '保留期满后密钥已销毁',
    other: '其他',
  },
  note: '导出者说明',
  derived: '遮蔽后的副本（派生内容，未经证明）：',
  received: '接收时间',
  unreadable: '本记录无法按事件读取。收到时的内容：',
  empty: '本记录没有内容。',
  binary: (bytes) => `${bytes} 字节，不是文本`,
  by: '操作人',
  nobody: '（无）',
  record: '记录',
  fields: {
    onBehalfOf: '代表',
    via: '途径',
    to: '收件人',
    message: '消息',
    target: '涉及消息',
    version: '版本',
    thread: '所属话题的首条消息',
    quote: '引用',
    forward: '转发自',
    subject: '主题',
    source: '来源系统的标记原文',
    file: '文件',
    fileState: '未存入归档',
    reaction: '表情回应',
    member: '成员',
    call: '通话',
    deletion: '删除',
    flags: '标记',
    editedAt: '来源系统记载的编辑时间',
    deletedAt: '来源系统记载的删除时间',
    incomplete: '信息不完整',
    identity: '账号',
  },
  kinds: {
    'message.created': '消息',
    'message.edited': '消息已编辑',
    'message.deleted': '消息已删除',
    'message.restored': '消息已恢复',
    'message.redacted': '消息在来源系统被遮蔽',
    'message.pinned': '消息已置顶',
    'message.unpinned': '消息取消置顶',
    'message.delivered': '消息已送达',
    'message.read': '消息已读',
    'reaction.added': '添加表情回应',
    'reaction.removed': '撤销表情回应',
    'attachment.added': '添加文件',
    'attachment.removed': '移除文件',
    'attachment.unavailable': '文件不可用',
    'conversation.created': '会话创建',
    'conversation.updated': '会话变更',
    'conversation.archived': '会话在来源系统归档',
    'conversation.deleted': '会话在来源系统删除',
    'conversation.retention_changed': '来源系统的保留设置变更',
    'member.joined': '成员加入',
    'member.left': '成员离开',
    'member.invited': '邀请成员',
    'member.removed': '移除成员',
    'member.role_changed': '成员角色变更',
    'member.snapshot': '此时的成员',
    'call.started': '通话开始',
    'call.ended': '通话结束',
    'meeting.started': '会议开始',
    'meeting.ended': '会议结束',
    'recording.available': '录音录像可用',
    'transcript.segment': '发言',
    'identity.upserted': '来源系统的账号',
    'history.viewed': '查看历史',
    disclaimer: '免责声明',
    system: '系统',
    unknown: '未知类型的事件',
  },
};

/** The words of a language. */
export function wordsOf(language: BundleLanguage): Words {
  return language === 'en' ? EN : ZH;
}
