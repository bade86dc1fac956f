import Testing

@testable import XML

@Suite struct XMLDocumentTests {
  /// The tree in a notation of its own: name[@attribute=value]{parts}.
  private func shape(_ element: XMLElement) -> String {
    let attributes = element.parts.compactMap { part in
      if case .attribute(let name, let value) = part { "@\(text(name[...]))=\(text(value))" } else { nil }
    }
    let elements = groups(element).map { $0.map(shape).joined(separator: "+") }
    let texts = element.text.isEmpty ? [] : ["'\(text(element.text))'"]
    let parts = (attributes + elements + texts).joined(separator: " ")
    return text(element.name[...]) + (parts.isEmpty ? "" : "(\(parts))")
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  private func groups(_ element: XMLElement) -> [[XMLElement]] {
    element.parts.compactMap { part in
      guard case .element(let first) = part, first.isFirstOfName else { return nil }
      return Array(sequence(first: first) { $0.nextOfName })
    }
  }

  private func shape(_ bytes: [UInt8], _ encoding: XMLEncoding? = nil) throws -> String {
    shape(try XMLDocument(bytes, encoding: encoding).root)
  }

  private func code(_ bytes: [UInt8], _ encoding: XMLEncoding? = nil, limits: XMLLimits = XMLLimits()) -> XMLError.Code? {
    do throws(XMLError) {
      _ = try XMLDocument(bytes, encoding: encoding, limits: limits)
      return nil
    } catch {
      return error.code
    }
  }

  // MARK: what is refused

  @Test(arguments: [
    "", " ", "text", "<", "<a", "<a>", "<a></b>", "<a/><b/>", "<a/>text", "<a b/>", "<a b=c/>", "<a b='1' b='2'/>", "<a b='<'/>",
    "<1/>", "<a>&undefined;</a>", "<a>&</a>", "<a>&#0;</a>", "<a>&#x110000;</a>", "<a>&#xd800;</a>", "<a>]]></a>",
    "<a><![CDATA[</a>",
    "<a><!-- -- --></a>", "<a/>\u{0}", "<a>\u{1}</a>", "<?xml version='1.0'?>", " <?xml version='1.0'?><a/>",
    "<?xml version='1.0' standalone='x'?><a/>", "<a><?xml version='1.0'?></a>", "{}", "<a>\u{fffe}</a>",
  ])
  func refusesWhatIsNotWellFormed(_ text: String) {
    #expect(code(Array(text.utf8)) == .malformed)
  }

  @Test(arguments: [
    #"<!DOCTYPE a><a/>"#, #"<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>"#, #"<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>"#,
    #"<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>"#, #"<!DOCTYPE a PUBLIC "-//x" "http://127.0.0.1:1/a.dtd"><a/>"#,
    #"<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]><a/>"#,
    #"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#,
    #"<?xml version="1.0"?><!-- c --><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">"#
      + #"<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>"#,
    // Refused for what it is, before what is wrong with it.
    #"<!DOCTYPE a [<!ENTITY"#, #"<!DOCTYPE a ["#,
  ])
  func refusesDocumentTypes(_ text: String) {
    #expect(code(Array(text.utf8)) == .documentType)
  }

  @Test func refusesMoreThanItsLimits() {
    let nested = { (depth: Int) in Array((String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)).utf8)
    }
    #expect(code(nested(128)) == nil)
    #expect(code(nested(129)) == .tooDeep)
    #expect(code(nested(1_000_000)) == .tooDeep)
    #expect(code(nested(3), limits: XMLLimits(depth: 2)) == .tooDeep)
    let wide = Array("<a b='1'>text<c/><c/></a>".utf8)
    #expect(code(wide, limits: XMLLimits(nodes: 4)) == .tooLarge)
    #expect(code(wide, limits: XMLLimits(nodes: 5)) == nil)
    let million = Array(("<a>" + String(repeating: "<b/>", count: 1_000_000) + "</a>").utf8)
    #expect(code(million) == .tooLarge)
    let attributes = (0..<500_000).map { " a\($0)=''" }.joined()
    #expect(code(Array("<a\(attributes)/>".utf8)) == .tooLarge)
  }

  @Test func refusesEveryTruncation() {
    let whole = Array(
      #"<?xml version="1.0" encoding="UTF-8"?><o:a xmlns:o="u" b='é'>t<![CDATA[<x>]]><c>&amp;&#233;</c><!-- --><?p i?></o:a>"#
        .utf8)
    #expect(code(whole) == nil)
    for count in 0..<whole.count {
      #expect(code(Array(whole.prefix(count))) == .malformed, "\(count) of \(whole.count) bytes")
    }
  }

  @Test(arguments: ["utf-7", "windows-1252", "shift_jis", "x"]) func namesTheEncodingThatIsUnknown(_ name: String) {
    #expect(code(Array("<?xml version='1.0' encoding='\(name)'?><a/>".utf8)) == .encodingUnknown(declared: name))
  }

  @Test func refusesWhatIsNotOfItsEncoding() {
    #expect(code(Array("<a>".utf8) + [0xff] + Array("</a>".utf8)) == .malformed)
    #expect(code(Array("<a>".utf8) + [0xc0, 0x80] + Array("</a>".utf8)) == .malformed)
    #expect(code(Array("<a>".utf8) + [0xed, 0xa0, 0x80] + Array("</a>".utf8)) == .malformed)
    #expect(code(utf16("<a>x</a>", bigEndian: true, mark: true).dropLast()) == .malformed)
    #expect(code(Array("<?xml version='1.0' encoding='us-ascii'?><a>é</a>".utf8)) == .malformed)
  }

  // MARK: what is read

  @Test(
    arguments: [
      ("<a/>", "a"), ("<a></a>", "a"), ("<a> </a>", "a(' ')"), ("<a>x</a>", "a('x')"), ("<a>\n x\n</a>", "a('\n x\n')"),
      ("<a>x&amp;&lt;&gt;&quot;&apos;y</a>", "a('x&<>\"'y')"), ("<a>&#233;&#x1F600;</a>", "a('é😀')"),
      ("<a>1\r\n2\r3</a>", "a('1\n2\n3')"),
      ("<a><![CDATA[<b>&amp;]]></a>", "a('<b>&amp;')"), ("<a>x<![CDATA[y]]>z</a>", "a('xyz')"),
      ("<a>x<!-- c -->y<?p i?>z</a>", "a('xyz')"),
      ("<a b='1' c=\"2\"/>", "a(@b=1 @c=2)"), ("<a b='1'>x</a>", "a(@b=1 'x')"), ("<a b='&quot;&#10;'/>", "a(@b=\"\n)"),
      ("<a b=' x\ty\n'/>", "a(@b= x y )"), ("<a>\n <b/>\n <c/>\n</a>", "a(b c)"), ("<a><b>1</b><b>2</b></a>", "a(b('1')+b('2'))"),
      ("<a><b>1</b><c>2</c><b>3</b></a>", "a(b('1')+b('3') c('2'))"), ("<a>x <b>y</b> z</a>", "a(b('y') 'x  z')"),
      ("<a><b><b>1</b></b><b>2</b></a>", "a(b(b('1'))+b('2'))"), ("<a><b><c/></b><b><c/></b></a>", "a(b(c)+b(c))"),
      ("<s:E xmlns:s='u'><s:B/></s:E>", "s:E(@xmlns:s=u s:B)"), ("<a xmlns='u'/>", "a(@xmlns=u)"),
      ("<é ü='ö'>ä</é>", "é(@ü=ö 'ä')"),
      ("\n<!-- c -->\n<?p i?>".dropFirst() + "<a/>\n<!-- d -->", "a"), ("<?xml version='1.0'?>\n<a/>", "a"),
    ] as [(Substring, String)])
  func reads(_ text: Substring, _ expected: String) throws {
    #expect(try shape(Array(text.utf8)) == expected)
  }

  private func utf16(_ text: String, bigEndian: Bool, mark: Bool) -> [UInt8] {
    ((mark ? [0xfeff] : []) + Array(text.utf16)).flatMap { unit in
      let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xff))
      return bigEndian ? [high, low] : [low, high]
    }
  }

  @Test func readsEncodings() throws {
    let text = "<a>é😀</a>"
    for bigEndian in [true, false] {
      #expect(try shape(utf16(text, bigEndian: bigEndian, mark: true)) == "a('é😀')")
      #expect(try shape(utf16(text, bigEndian: bigEndian, mark: true), .utf16) == "a('é😀')")
      #expect(
        try shape(utf16(text, bigEndian: bigEndian, mark: false), bigEndian ? .utf16BigEndian : .utf16LittleEndian) == "a('é😀')")
      #expect(
        try shape(utf16("<?xml version='1.0' encoding='utf-16'?>" + text, bigEndian: bigEndian, mark: true)) == "a('é😀')")
    }
    #expect(try shape(utf16(text, bigEndian: true, mark: false), .utf16) == "a('é😀')")
    #expect(try shape([0xef, 0xbb, 0xbf] + Array(text.utf8)) == "a('é😀')")
    #expect(try shape([0xef, 0xbb, 0xbf] + Array("<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".utf8), .utf8) == "a('é')")
    let latin = Array("<a>".utf8) + [0xe9] + Array("</a>".utf8)
    #expect(try shape(latin, .latin1) == "a('é')")
    #expect(try shape(Array("<?xml version='1.0' encoding='ISO-8859-1'?>".utf8) + latin) == "a('é')")
    // What was told from outside counts more.
    #expect(try shape(Array("<?xml version='1.0' encoding='utf-8'?>".utf8) + latin, .latin1) == "a('é')")
  }

  @Test(arguments: [
    ("<a/>", 1), ("<a>x</a>", 1), ("<a b='1'/>", 2), ("<a><b/></a>", 2), ("<a><b/><b/></a>", 3), ("<a><b c='1'/></a>", 3),
    ("<a><b/><b c='1'/></a>", 4), ("<a><b><c/></b></a>", 3),
  ])
  func knowsHowDeepItsValueIs(_ text: String, _ depth: Int) throws {
    #expect(try XMLDocument(Array(text.utf8)).valueDepth == depth)
  }

  /// In proportion to the bytes: many names under many parents, and texts in many pieces.
  @Test func readsLargeDocumentsInTime() throws {
    let names = (0..<50_000).map { "<n\($0)>&amp;&amp;</n\($0)>" }.joined()
    let again = "<p>" + String(repeating: "<q>1</q>", count: 50_000) + "</p>"
    let pieces = "<t>" + String(repeating: "x<![CDATA[y]]>&amp;", count: 50_000) + "</t>"
    let bytes = Array("<a>\(names)\(again)\(pieces)</a>".utf8)
    var document: XMLDocument?
    let time = try ContinuousClock().measure { document = try XMLDocument(bytes) }
    #expect(time < .seconds(5))
    let root = try #require(document).root
    let found = groups(root)
    #expect(found.count == 50_002)
    #expect(groups(found[50_000][0])[0].count == 50_000)
    #expect(found[50_001][0].text.count == 150_000)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func survivesMutations(_ seed: UInt64) throws {
    var source = Source(state: seed)
    let pieces = [
      "<a>", "</a>", "<b c='d'>", "</b>", "<a/>", "x", " ", "&amp;", "&#1;", "&x;", "<![CDATA[", "]]>", "<!--", "-->", "<?p",
      "?>",
      "<!DOCTYPE a [", "<!ENTITY x 'y'>", "]>", "\u{0}", "é", "'", "\"", "=", "<?xml version='1.0' encoding='utf-16'?>",
      "xmlns:a='b'",
    ]
    let good = Array("<a b='c'>d<e>f</e><e g='h'/>&lt;<![CDATA[i]]></a>".utf8)
    var accepted = 0
    for round in 0..<3000 {
      var bytes = good
      if round.isMultiple(of: 2) {
        for _ in 0..<Int.random(in: 1...3, using: &source) {
          bytes[Int.random(in: bytes.indices, using: &source)] = UInt8.random(in: 0...255, using: &source)
        }
      } else {
        bytes = Array(
          ("<a>"
            + (0..<Int.random(in: 0...6, using: &source)).map { _ in pieces[Int.random(in: pieces.indices, using: &source)] }
            .joined() + "</a>").utf8)
      }
      guard let document = try? XMLDocument(bytes, encoding: Int.random(in: 0..<8, using: &source) == 0 ? .utf16 : nil) else {
        continue
      }
      accepted += 1
      #expect(String(validating: Array(shape(document.root).utf8), as: UTF8.self) != nil)
    }
    #expect(accepted > 100)
  }

  /// SplitMix64, so that a failure can be repeated.
  private struct Source: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}
