import { describe, expect, test } from 'vitest';
import { decodeCharset } from '../../src/message/charsets.ts';
import { Defects } from '../../src/message/defects.ts';

/** Names of the IANA registry of character sets, preferred one first, with bytes that tell the charset from its neighbours. */
const readable: readonly (readonly [labels: string, bytes: string, text: string])[] = [
  ['UTF-8 csUTF8 utf8 unicode-1-1-utf-8 UTF-8-SIG CP65001', 'c4b1', 'ı'],
  ['UTF-7 csUTF7 UNICODE-1-1-UTF-7 csUnicode11UTF7', '2b4a6a6f2d', '☺'],
  ['UTF-16 csUTF16', 'feff0131', 'ı'],
  ['UTF-16 csUTF16 unicode ISO-10646-UCS-2 UTF-16BE', 'fffe3101', 'ı'],
  ['UTF-16 UTF-16LE', '61000a0031016200', 'a\nıb'],
  ['UTF-16 UTF-16BE csUTF16BE', '0131', 'ı'],
  ['UTF-16LE csUTF16LE', '3101', 'ı'],
  ['UTF-32 UTF-32BE csUTF32BE', '0000feff00000131', 'ı'],
  ['UTF-32 UTF-32LE csUTF32LE', 'fffe000031010000', 'ı'],
  ['CESU-8 csCESU8', 'eda0bdedb880', '😀'],
  ['ISO-8859-1 ISO_8859-1:1987 iso-ir-100 ISO_8859-1 latin1 l1 IBM819 CP819 csISOLatin1', 'ff', 'ÿ'],
  ['ISO-8859-2 ISO_8859-2:1987 iso-ir-101 ISO_8859-2 latin2 l2 csISOLatin2', 'b1', 'ą'],
  ['ISO-8859-3 ISO_8859-3:1988 iso-ir-109 ISO_8859-3 latin3 l3 csISOLatin3', 'b1', 'ħ'],
  ['ISO-8859-4 ISO_8859-4:1988 iso-ir-110 ISO_8859-4 latin4 l4 csISOLatin4', 'b3', 'ŗ'],
  ['ISO-8859-5 ISO_8859-5:1988 iso-ir-144 ISO_8859-5 cyrillic csISOLatinCyrillic', 'd0', 'а'],
  ['ISO-8859-6 ISO_8859-6:1987 iso-ir-127 ISO_8859-6 ECMA-114 ASMO-708 arabic csISOLatinArabic', 'c7', 'ا'],
  ['ISO-8859-6-E ISO_8859-6-E csISO88596E ISO-8859-6-I ISO_8859-6-I csISO88596I', 'c7', 'ا'],
  ['ISO-8859-7 ISO_8859-7:1987 iso-ir-126 ISO_8859-7 ELOT_928 ECMA-118 greek greek8 csISOLatinGreek', 'e1', 'α'],
  ['ISO-8859-8 ISO_8859-8:1988 iso-ir-138 ISO_8859-8 hebrew csISOLatinHebrew', 'e0', 'א'],
  ['ISO-8859-8-E ISO_8859-8-E csISO88598E ISO-8859-8-I ISO_8859-8-I csISO88598I', 'e0', 'א'],
  ['ISO-8859-9 ISO_8859-9:1989 iso-ir-148 ISO_8859-9 latin5 l5 csISOLatin5', 'fd', 'ı'],
  ['ISO-8859-10 iso-ir-157 l6 ISO_8859-10:1992 csISOLatin6 latin6', 'b3', 'ģ'],
  ['ISO-8859-11 TIS-620 csTIS620 windows-874 cswindows874', 'a1', 'ก'],
  ['ISO-8859-13 csISO885913', 'b8', 'ø'],
  ['ISO-8859-14 iso-ir-199 ISO_8859-14:1998 ISO_8859-14 latin8 iso-celtic l8 csISO885914', 'f0', 'ŵ'],
  ['ISO-8859-15 ISO_8859-15 Latin-9 csISO885915', 'a4', '€'],
  ['ISO-8859-16 iso-ir-226 ISO_8859-16:2001 ISO_8859-16 latin10 l10 csISO885916', 'ba', 'ș'],
  ['windows-1250 cswindows1250 ISO-8859-2-Windows-Latin-2', 'b9', 'ą'],
  ['windows-1251 cswindows1251', 'e0', 'а'],
  ['windows-1252 cswindows1252 ISO-8859-1-Windows-3.0-Latin-1 ISO-8859-1-Windows-3.1-Latin-1', '80', '€'],
  ['windows-1253 cswindows1253', 'dc', 'ά'],
  ['windows-1254 cswindows1254 ISO-8859-9-Windows-Latin-5', 'f0', 'ğ'],
  ['windows-1255 cswindows1255', 'e0', 'א'],
  ['windows-1256 cswindows1256', 'c7', 'ا'],
  ['windows-1257 cswindows1257', 'b8', 'ø'],
  ['windows-1258 cswindows1258', 'd5', 'Ơ'],
  ['KOI8-R csKOI8R', 'c1', 'а'],
  ['KOI8-U csKOI8U', 'a4', 'є'],
  ['KZ-1048 STRK1048-2002 RK1048 csKZ1048', 'bd', 'Ң'],
  ['PTCP154 csPTCP154 PT154 CP154 Cyrillic-Asian', 'bd', 'Ҫ'],
  ['VISCII csVISCII', 'a1', 'ắ'],
  ['macintosh mac csMacintosh', '8e', 'é'],
  ['X-Mac-CE', 'c4', 'ń'],
  ['X-Mac-Greek', 'e1', 'α'],
  ['X-Mac-Turkish', 'da', 'Ğ'],
  ['X-Mac-Icelandic', 'de', 'Þ'],
  ['X-Mac-Romanian', 'de', 'Ţ'],
  ['X-Mac-Croatian', 'be', 'ž'],
  ['hp-roman8 roman8 r8 csHPRoman8', 'c5', 'é'],
  ['IBM437 cp437 437 csPC8CodePage437', '82', 'é'],
  ['IBM775 cp775 csPC775Baltic', 'd0', 'ą'],
  ['IBM850 cp850 850 csPC850Multilingual', 'd5', 'ı'],
  ['IBM852 cp852 852 csPCp852', 'a5', 'ą'],
  ['IBM855 cp855 855 csIBM855', 'a0', 'а'],
  ['IBM857 cp857 857 csIBM857', 'a7', 'ğ'],
  ['IBM00858 CCSID00858 CP00858 PC-Multilingual-850+euro csIBM00858', 'd5', '€'],
  ['IBM860 cp860 860 csIBM860', '84', 'ã'],
  ['IBM861 cp861 861 cp-is csIBM861', '8d', 'Þ'],
  ['IBM862 cp862 862 csPC862LatinHebrew', '80', 'א'],
  ['IBM863 cp863 863 csIBM863', '8d', '‗'],
  ['IBM864 cp864 csIBM864', 'e1', '\ufed3'],
  ['IBM865 cp865 865 csIBM865', '9b', 'ø'],
  ['IBM866 cp866 866 csIBM866', 'a0', 'а'],
  ['IBM869 cp869 869 cp-gr csIBM869', 'd6', 'α'],
  ['Shift_JIS MS_Kanji csShiftJIS Windows-31J csWindows31J', '889f', '亜'],
  ['EUC-JP Extended_UNIX_Code_Packed_Format_for_Japanese csEUCPkdFmtJapanese CP51932 csCP51932', 'b0a1', '亜'],
  ['ISO-2022-JP csISO2022JP ISO-2022-JP-2 csISO2022JP2 CP50220 csCP50220', '1b244230211b2842', '亜'],
  ['EUC-KR csEUCKR KS_C_5601-1987 iso-ir-149 KS_C_5601-1989 KSC_5601 korean csKSC56011987 UHC', 'b0a1', '가'],
  ['ISO-2022-KR csISO2022KR', '1b2429430e30210f', '가'],
  ['ISO-2022-CN csISO2022CN ISO-2022-CN-EXT csISO2022CNEXT', '1b2429410e3d3b0f', '交'],
  ['Johab X-Johab CP1361 MS1361 KSC5601-1992 KSC5601_1992 KS_C_5601-1992', '8861', '가'],
  ['EUC-TW X-EUC-TW EUCTW CNS11643', 'c4e3', '中'],
  ['HZ-GB-2312 HZ', '7e7b3d3b7e7d', '交'],
  ['GB2312 csGB2312 GB_2312-80 iso-ir-58 chinese csISO58GB231280 CN-GB', 'bdbb', '交'],
  ['GBK CP936 MS936 windows-936 csGBK', '8140', '丂'],
  ['GB18030 csGB18030', '81308130', '\x80'],
  ['Big5 csBig5', 'a4a4', '中'],
  ['Big5-HKSCS csBig5HKSCS', 'fa40', '𠕇'],
];

/** Names of the registry that nobody reads. */
const unreadable =
  'T.61-8bit T.61 iso-ir-103 ISO_6937-2-add ANSI_X3.110-1983 ECMA-cyrillic KOI8-E INIS-8 GOST_19768-74 SCSU BOCU-1 UTF-1 ' +
  'ISO-10646-UTF-1 ISO_5427 DEC-MCS Adobe-Standard-Encoding Adobe-Symbol-Encoding Ventura-US HP-Legal HP-Math8 ' +
  'Microsoft-Publishing IBM037 cp037 ebcdic-cp-us IBM273 IBM500 IBM1047 IBM01140 IBM-Thai EBCDIC-US TSCII Amiga-1251 BRF ' +
  'ISO-11548-1 KOI7-switched VIQR MNEM NS_4551-1 DIN_66003 SEN_850200_B greek7 ISO_2033-1983 ' +
  'shift_jisx0213 euc-jisx0213';

const decode = (bytes: Buffer, label: string) => {
  const defects = new Defects();
  return { text: decodeCharset(bytes, label, 'text', defects), codes: defects.list().map(({ code }) => code) };
};

describe('names of charsets that are registered', () => {
  test.each(readable)('%s', (labels, hex, text) => {
    for (const label of labels.split(' '))
      for (const name of [label, label.toLowerCase()])
        expect([name, decode(Buffer.from(hex, 'hex'), name)]).toEqual([name, { text, codes: [] }]);
  });

  test('what nobody reads is told, and never read as another charset', () => {
    for (const label of unreadable.split(' ')) {
      expect([label, decode(Buffer.from('a'), label)]).toEqual([label, { text: 'a', codes: ['CHARSET_UNKNOWN'] }]);
      const utf8 = decode(Buffer.from('é'), label);
      expect([label, utf8]).toEqual([label, { text: 'é', codes: ['CHARSET_UNKNOWN'] }]);
    }
  });
});
