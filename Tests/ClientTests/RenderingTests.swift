import Testing

@testable import Client

@Suite struct TerminalTextTests {
  @Test(arguments: [
    ("plain", "plain"), ("a\u{1b}[31mb", #"a\x1b[31mb"#), ("\u{9b}31m", #"\x9b31m"#), ("a\nINFO forged", #"a\nINFO forged"#),
    ("a\r\nb\tc", #"a\r\nb\tc"#), ("\u{0}\u{7f}", #"\x00\x7f"#), ("user\u{202e}gnp.exe", #"user\u{202e}gnp.exe"#),
    ("\u{2066}x\u{2069}", #"\u{2066}x\u{2069}"#), ("a\u{2028}b", #"a\u{2028}b"#), ("\u{feff}x", #"\u{feff}x"#),
    ("\u{e0041}", #"\u{e0041}"#), ("日本 é 👨‍👩‍👧 नि", "日本 é 👨‍👩‍👧 नि"), ("a\\b", "a\\b"),
  ])
  func escapesWhatActs(_ text: String, _ shown: String) {
    #expect(TerminalText.escaped(text) == shown)
  }

  @Test func keepsLineBreaksOfABlock() {
    #expect(TerminalText.escaped("a\n\tb\r\u{1b}", keepingLineBreaks: true) == "a\n\tb\\r\\x1b")
  }

  @Test(
    arguments: [
      ([0x61, 0xff, 0x62], #"a\xffb"#), ([0xc3], #"\xc3"#), ([0xc3, 0xa9, 0xe2, 0x82], "é\\xe2\\x82"),
      ([0xed, 0xa0, 0x80], #"\xed\xa0\x80"#),
      ([0x1b, 0xff, 0x0a], #"\x1b\xff\n"#), ([], ""), ([0xf0, 0x9f, 0x98, 0x80, 0x80], "😀\\x80"),
    ] as [([UInt8], String)])
  func showsBytesThatAreNoText(_ bytes: [UInt8], _ shown: String) {
    #expect(TerminalText.escaped(bytes) == shown)
  }

  @Test(.enabled(if: Corpora.isThere("blns"), "the corpora are not beside the repository"))
  func noNaughtyStringReachesTheTerminalRaw() throws {
    guard case .array(let strings) = try JSONReader.read(try Corpora.bytes("blns/blns.json")).json else {
      Issue.record("not a list")
      return
    }
    #expect(strings.count > 400)
    for text in strings.compactMap(\.text) {
      let shown = TerminalText.escaped(text)
      #expect(!shown.unicodeScalars.contains(where: TerminalText.isUnsafe), "\(shown)")
      let table = Table([Table.Column("A", cutTo: 4), Table.Column("B")], rows: [[Table.Cell(text), "end"]])
      let lines = table.lines(width: 30)
      #expect(lines.count == 2)
      #expect(lines.allSatisfy { DisplayWidth.of($0) <= 30 }, "\(shown)")
      #expect(lines.last?.hasSuffix("end") == true)
      #expect(!JSONValue.string(text).compact.unicodeScalars.contains(where: TerminalText.isUnsafe))
    }
  }
}

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한", 2), ("ｱ", 1), ("Ａ", 2), ("👍", 2), ("👨‍👩‍👧", 2), ("🇧🇷", 2),
    ("❤️", 2),
    ("❤", 1), ("\u{200b}", 0), ("a\u{200d}b", 2), ("→", 1), ("…", 1), ("नि", 1),
  ])
  func countsColumns(_ text: String, _ width: Int) {
    #expect(DisplayWidth.of(text) == width)
  }

  @Test(arguments: [
    ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 1, "…"), ("abcdef", 0, ""), ("日本語", 5, "日本…"), ("日本語", 4, "日…"),
    ("日本語", 6, "日本語"), ("日本語", 1, "…"), ("é\u{301}x", 1, "…"),
  ])
  func cuts(_ text: String, _ width: Int, _ cut: String) {
    #expect(DisplayWidth.truncated(text, to: width) == cut)
    #expect(DisplayWidth.of(DisplayWidth.truncated(text, to: width)) <= width)
  }
}

@Suite struct TableTests {
  private static let table = Table(
    [Table.Column("NAME", cutTo: 6), Table.Column("COUNT", .right), Table.Column("WHAT", cutTo: 6)],
    rows: [["orders", "7", "日本語のフロー"], ["a-rather-long-name", "12345", "x\u{1b}[2Jy"]])

  @Test func aligns() {
    #expect(
      Self.table.lines(width: nil) == [
        "NAME                COUNT  WHAT",
        "orders                  7  日本語のフロー",
        "a-rather-long-name  12345  x\\x1b[2Jy",
      ])
  }

  @Test func cutsTheWidestFirst() {
    #expect(
      Self.table.lines(width: 30) == [
        "NAME        COUNT  WHAT",
        "orders          7  日本語のフ…",
        "a-rather-…  12345  x\\x1b[2Jy",
      ])
  }

  @Test func neverCutsWhatMustStayWhole() {
    let lines = Self.table.lines(width: 5)
    #expect(lines[2] == "a-rat…  12345  x\\x1b…")
  }

  @Test(arguments: [
    (37, ["A       B     C         D   URL", "aaaaaa  bbbb  cccccccc  dd  https://x"]),
    (36, ["A       B     C         D", "  URL", "aaaaaa  bbbb  cccccccc  dd", "  https://x"]),
    (24, ["A       B     C       D", "  URL", "aaaaaa  bbbb  ccccc…  dd", "  https://x"]),
    (16, ["A       C     D", "  URL", "aaaaaa  ccc…  dd", "  https://x"]),
    (12, ["A       C", "  URL", "aaaaaa  ccc…", "  https://x"]),
    (5, ["A       C", "  URL", "aaaaaa  ccc…", "  https://x"]),
  ])
  func columnsGiveWayInTheirOrder(_ width: Int, _ lines: [String]) {
    let table = Table(
      [
        Table.Column("A"), Table.Column("B", fallback: .leftOut(rank: 1)), Table.Column("C", cutTo: 4),
        Table.Column("D", fallback: .leftOut(rank: 2)), Table.Column("URL", fallback: .ownLine),
      ], rows: [["aaaaaa", "bbbb", "cccccccc", "dd", "https://x"]])
    #expect(table.lines(width: width) == lines)
  }

  @Test func colours() {
    let table = Table([Table.Column("A"), Table.Column("B")], rows: [[Table.Cell("x", .green), "y"]])
    #expect(table.lines(width: nil, isColoured: true) == ["\u{1b}[1mA\u{1b}[0m  \u{1b}[1mB\u{1b}[0m", "\u{1b}[32mx\u{1b}[0m  y"])
    #expect(table.lines(width: nil, isColoured: false) == ["A  B", "x  y"])
  }
}
