/** Over 300 lines: the words of every diagnostic in both languages stand in one place, so that translators need no other. */
interface Entry {
  readonly code: string;
  readonly en: string;
  readonly zh: string;
  readonly hint: { readonly en: string; readonly zh: string };
}

/** Every diagnostic by reason; several reasons may share a code. `docs/query-language.md` lists the codes. */
export const CATALOGUE = {
  empty: {
    code: 'E_EMPTY',
    en: 'The query is empty.',
    zh: '查询为空。',
    hint: { en: 'Type at least one word, phrase or field.', zh: '请至少输入一个词、短语或字段条件。' },
  },
  tooLong: {
    code: 'E_TOO_LONG',
    en: 'The query has {length} characters; the limit is {limit}.',
    zh: '查询有 {length} 个字符，上限为 {limit}。',
    hint: { en: 'Split it into several queries.', zh: '请拆分成多个查询。' },
  },
  unclosedParen: {
    code: 'E_UNCLOSED_PAREN',
    en: 'This bracket is never closed.',
    zh: '此左括号没有对应的右括号。',
    hint: { en: 'Add “)” where the group ends.', zh: '请在分组结束处补上“)”。' },
  },
  extraParen: {
    code: 'E_EXTRA_PAREN',
    en: 'This bracket closes nothing.',
    zh: '此右括号没有对应的左括号。',
    hint: { en: 'Remove it, or add “(” where the group begins.', zh: '请删除它，或在分组开始处补上“(”。' },
  },
  emptyGroup: {
    code: 'E_EMPTY_GROUP',
    en: 'There is nothing between these brackets.',
    zh: '括号内没有内容。',
    hint: { en: 'Fill the brackets or remove them.', zh: '请填写括号内容或删除括号。' },
  },
  unclosedQuote: {
    code: 'E_UNCLOSED_QUOTE',
    en: 'This quotation mark is never closed.',
    zh: '此引号没有闭合。',
    hint: {
      en: 'Add a closing quotation mark. A quotation mark inside a phrase is written \\".',
      zh: '请补上右引号。短语内的引号写作 \\"。',
    },
  },
  emptyPhrase: {
    code: 'E_EMPTY_PHRASE',
    en: 'There is nothing between these quotation marks.',
    zh: '引号内没有内容。',
    hint: { en: 'Fill the phrase or remove the quotation marks.', zh: '请填写短语或删除引号。' },
  },
  missingLeft: {
    code: 'E_MISSING_LEFT',
    en: '{operator} has nothing before it.',
    zh: '{operator} 前面缺少条件。',
    hint: {
      en: 'Add a condition before it. To search for the word itself, put it in quotation marks.',
      zh: '请在它前面补上条件。若要搜索这个词本身，请加引号。',
    },
  },
  missingRight: {
    code: 'E_MISSING_RIGHT',
    en: '{operator} has nothing after it.',
    zh: '{operator} 后面缺少条件。',
    hint: {
      en: 'Add a condition after it. To search for the word itself, put it in quotation marks.',
      zh: '请在它后面补上条件。若要搜索这个词本身，请加引号。',
    },
  },
  proxMalformed: {
    code: 'E_PROX',
    en: '“{value}” is not a proximity operator.',
    zh: '“{value}”不是有效的邻近运算符。',
    hint: {
      en: 'A proximity operator has a distance of 1 to 255, as in W/5. To search for these characters, put them in quotation marks.',
      zh: '邻近运算符需带 1 到 255 的距离，例如 W/5。若要搜索这些字符本身，请加引号。',
    },
  },
  proxLater: {
    code: 'E_NOT_AVAILABLE_YET',
    en: 'Proximity search ({value}) is not available yet.',
    zh: '尚不支持邻近搜索（{value}）。',
    hint: {
      en: 'Use AND for both in one message, or a phrase in quotation marks for words side by side.',
      zh: '可用 AND 表示两者同在一条消息中，或用引号短语表示词语相邻。',
    },
  },
  wildcardLater: {
    code: 'E_NOT_AVAILABLE_YET',
    en: 'Wildcards (* and ?) are not available yet.',
    zh: '尚不支持通配符（* 和 ?）。',
    hint: {
      en: 'Write the forms out with OR. If the character is meant as punctuation, put the word in quotation marks.',
      zh: '请用 OR 列出各种写法。若该字符只是标点，请给该词加引号。',
    },
  },
  bareWildcard: {
    code: 'E_BARE_WILDCARD',
    en: '“{value}” contains no letter to search for.',
    zh: '“{value}”中没有可搜索的字符。',
    hint: { en: 'Remove it, or write a word.', zh: '请删除它，或写出一个词。' },
  },
  fuzzyLater: {
    code: 'E_NOT_AVAILABLE_YET',
    en: 'Fuzzy search (~) is not available yet.',
    zh: '尚不支持模糊搜索（~）。',
    hint: {
      en: 'Write the spellings out with OR. If “~” is meant as punctuation, put the word in quotation marks.',
      zh: '请用 OR 列出各种拼写。若“~”只是标点，请给该词加引号。',
    },
  },
  slopLater: {
    code: 'E_NOT_AVAILABLE_YET',
    en: 'Phrases with a distance ("…"~n) are not available yet.',
    zh: '尚不支持带距离的短语（"…"~n）。',
    hint: { en: 'Remove “~” and the number for an exact phrase.', zh: '删除“~”和数字即为精确短语。' },
  },
  unknownField: {
    code: 'E_UNKNOWN_FIELD',
    en: 'There is no field “{name}”.{suggestion}',
    zh: '没有名为“{name}”的字段。{suggestion}',
    hint: {
      en: 'Fields: {fields}. To search for the text itself, put it in quotation marks.',
      zh: '可用字段：{fields}。若要搜索文字本身，请加引号。',
    },
  },
  laterField: {
    code: 'E_FIELD_NOT_AVAILABLE',
    en: 'The field “{name}” is not available yet.',
    zh: '字段“{name}”尚不可用。',
    hint: {
      en: 'Fields: {fields}. To search for the text itself, put it in quotation marks.',
      zh: '可用字段：{fields}。若要搜索文字本身，请加引号。',
    },
  },
  valueMissing: {
    code: 'E_FIELD_VALUE',
    en: '“{name}” has no value.',
    zh: '“{name}”后面没有值。',
    hint: {
      en: 'The value must touch the operator, without a space: {name}value.',
      zh: '值必须紧跟运算符，中间不能有空格：{name}值。',
    },
  },
  valueApart: {
    code: 'E_FIELD_VALUE',
    en: 'There is a space between the field “{name}” and its colon.',
    zh: '字段“{name}”与冒号之间有空格。',
    hint: {
      en: 'Write {name}:value without spaces. To search for the word, put it in quotation marks.',
      zh: '请写成 {name}:值，中间不要有空格。若要搜索该词本身，请加引号。',
    },
  },
  valueNegative: {
    code: 'E_FIELD_VALUE',
    en: 'A value cannot begin with “-”.',
    zh: '值不能以“-”开头。',
    hint: {
      en: 'To exclude, put the minus before the field: -{name}:value. If it belongs to the value, use quotation marks.',
      zh: '若要排除，请把减号写在字段前：-{name}:值。若它是值的一部分，请加引号。',
    },
  },
  valueUnknown: {
    code: 'E_FIELD_VALUE',
    en: '“{value}” is not a value of “{name}”.{suggestion}',
    zh: '“{value}”不是“{name}”的有效值。{suggestion}',
    hint: { en: 'Values: {values}.', zh: '可用的值：{values}。' },
  },
  valueLater: {
    code: 'E_NOT_AVAILABLE_YET',
    en: '“{name}:{value}” is not available yet.',
    zh: '“{name}:{value}”尚不可用。',
    hint: { en: 'Values: {values}.', zh: '可用的值：{values}。' },
  },
  valueCompared: {
    code: 'E_FIELD_VALUE',
    en: '“{name}” cannot be compared with “{operator}”.',
    zh: '“{name}”不能用“{operator}”比较。',
    hint: { en: 'Only dates can: sent:>=2024-01-01. Write {name}:value.', zh: '只有日期可以，例如 sent:>=2024-01-01。请写成 {name}:值。' },
  },
  valueNotRange: {
    code: 'E_FIELD_VALUE',
    en: '“{name}” takes no range.',
    zh: '“{name}”不支持范围。',
    hint: { en: 'Only dates do: sent:2024-01..2024-03.', zh: '只有日期支持，例如 sent:2024-01..2024-03。' },
  },
  dateMalformed: {
    code: 'E_FIELD_VALUE',
    en: '“{value}” is not a date.',
    zh: '“{value}”不是日期。',
    hint: {
      en: 'Dates: 2024, 2024-03, 2024-03-15, 2024-03-15T09:30, 2024-03-15T09:30:00Z, today, today-30d (d, w, m or y).',
      zh: '日期写法：2024、2024-03、2024-03-15、2024-03-15T09:30、2024-03-15T09:30:00Z、today、today-30d（d 日、w 周、m 月、y 年）。',
    },
  },
  dateImpossible: {
    code: 'E_FIELD_VALUE',
    en: 'There is no such date or time: {value} ({zone}).',
    zh: '不存在这个日期或时间：{value}（{zone}）。',
    hint: { en: 'Check month, day and time.', zh: '请检查月、日和时间。' },
  },
  dateAmbiguous: {
    code: 'E_FIELD_VALUE',
    en: 'Clocks showed this time twice: {value} ({zone}).',
    zh: '时钟曾两次显示这个时间：{value}（{zone}）。',
    hint: { en: 'Add the offset, as in {value}+01:00, or give the whole day.', zh: '请加上时差，例如 {value}+01:00，或改用整日。' },
  },
  listComma: {
    code: 'E_FIELD_LIST',
    en: 'Values are not separated by commas.',
    zh: '多个值之间不能用逗号分隔。',
    hint: {
      en: 'Write {name}:(one two). If the comma belongs to the value, put the value in quotation marks.',
      zh: '请写成 {name}:(值1 值2)。若逗号是值的一部分，请给该值加引号。',
    },
  },
  listOperator: {
    code: 'E_FIELD_LIST',
    en: 'A list of values can hold only values, with OR or a space between them.',
    zh: '值列表中只能有值，以 OR 或空格分隔。',
    hint: {
      en: 'For AND or NOT write the field again: {name}:one AND {name}:two, NOT {name}:two.',
      zh: '需要 AND 或 NOT 时请重复字段：{name}:值1 AND {name}:值2，或 NOT {name}:值2。',
    },
  },
  listField: {
    code: 'E_FIELD_LIST',
    en: 'A list of values cannot hold another field.',
    zh: '值列表中不能再写字段。',
    hint: { en: 'Close the bracket before the next field.', zh: '请先用右括号结束列表，再写下一个字段。' },
  },
  rangeMalformed: {
    code: 'E_RANGE',
    en: 'This is not a range.',
    zh: '这不是有效的范围。',
    hint: {
      en: 'Ranges: sent:2024-01..2024-03, sent:[2024-01 TO 2024-03], with * for an open end.',
      zh: '范围写法：sent:2024-01..2024-03、sent:[2024-01 TO 2024-03]，开放的一端用 *。',
    },
  },
  rangeOpen: {
    code: 'E_RANGE',
    en: 'A range that is open at both ends excludes nothing.',
    zh: '两端都开放的范围不起任何限制作用。',
    hint: { en: 'Give one end, or remove the condition.', zh: '请至少指定一端，或删除此条件。' },
  },
  rangeReversed: {
    code: 'E_RANGE',
    en: 'The range ends before it begins.',
    zh: '范围的终点早于起点。',
    hint: { en: 'Exchange the two ends.', zh: '请交换两端。' },
  },
  rangeCompared: {
    code: 'E_RANGE',
    en: 'A range cannot be combined with “{operator}”.',
    zh: '范围不能与“{operator}”同用。',
    hint: { en: 'Use either a range or a comparison.', zh: '请只用范围或只用比较。' },
  },
  tooDeep: {
    code: 'E_TOO_DEEP',
    en: 'The query is nested more than {limit} levels deep.',
    zh: '查询的嵌套超过 {limit} 层。',
    hint: { en: 'Split it into several queries.', zh: '请拆分成多个查询。' },
  },
  tooManyTerms: {
    code: 'E_TOO_MANY_TERMS',
    en: 'The query has more than {limit} terms.',
    zh: '查询的词项超过 {limit} 个。',
    hint: { en: 'Split it into several queries.', zh: '请拆分成多个查询。' },
  },
  nothingSearchable: {
    code: 'E_NOTHING_SEARCHABLE',
    en: '“{value}” holds no letter, digit or emoji, and nothing else is indexed.',
    zh: '“{value}”中没有字母、数字、汉字或表情符号，而索引只收录这些字符。',
    hint: { en: 'Remove it, or write it in words.', zh: '请删除它，或改用文字。' },
  },
  smartChar: {
    code: 'W_SMART_CHAR',
    en: 'The character {value} was read as {meaning}.',
    zh: '字符 {value} 已按 {meaning} 处理。',
    hint: {
      en: 'Word processors and input methods write such characters; to be clear, type the plain one.',
      zh: '文字处理软件和输入法会产生这类字符；为避免歧义，请使用半角字符。',
    },
  },
  hiddenChar: {
    code: 'W_SMART_CHAR',
    en: 'An invisible character ({value}) was ignored.',
    zh: '已忽略一个不可见字符（{value}）。',
    hint: { en: 'It came with copied text; nothing needs to be done.', zh: '它通常随复制的文字带入，无需处理。' },
  },
  lowercaseOperator: {
    code: 'W_LOWERCASE_OP',
    en: '“{value}” was read as the operator {operator}.',
    zh: '“{value}”已按运算符 {operator} 处理。',
    hint: {
      en: 'Write {operator} to be clear, or put the word in quotation marks to search for it.',
      zh: '建议写成 {operator}；若要搜索这个词，请加引号。',
    },
  },
  mixedOperators: {
    code: 'W_MIXED_AND_OR',
    en: 'AND and OR are mixed without brackets; this was read as {bracketed}.',
    zh: 'AND 与 OR 混用且未加括号，已理解为 {bracketed}。',
    hint: { en: 'Put brackets around what belongs together.', zh: '请用括号标明哪些条件属于一组。' },
  },
  punctuationIgnored: {
    code: 'W_PUNCT_IGNORED',
    en: 'Punctuation is not indexed; this was searched as {searched}.',
    zh: '标点不进入索引，实际搜索的是 {searched}。',
    hint: {
      en: 'Other text with the same words side by side matches too.',
      zh: '其他由相同词语相邻组成的文字也会匹配。',
    },
  },
  onlyNot: {
    code: 'W_ONLY_NOT',
    en: 'Because of NOT, the query also finds every record that holds nothing it names.',
    zh: '由于 NOT，凡不含查询所列内容的记录也都会命中。',
    hint: { en: 'Add a condition that says what to find.', zh: '请补充要查找的条件。' },
  },
  spaceIsAnd: {
    code: 'I_SPACE_IS_AND',
    en: 'Words side by side are searched as {canonical}: all of them, in any place.',
    zh: '并列的词按 {canonical} 搜索：全部出现即可，位置不限。',
    hint: { en: 'Use quotation marks for a phrase.', zh: '若要搜索短语，请加引号。' },
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type Reason = keyof typeof CATALOGUE;

/** Codes that are documented, in order. */
export const DIAGNOSTIC_CODES: readonly string[] = [...new Set(Object.values(CATALOGUE).map((entry) => entry.code))].sort();
